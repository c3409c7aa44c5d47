import { defineEntity, p } from '@mikro-orm/core';
import { belongsTo } from '../../database/belongs-to.js';
import type { ApiKeyScope } from '../../config/configuration.js';
import { App } from '../apps/app.entity.js';

export const ApiKeySchema = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  properties: {
    appId: p.text().primary(),
    /** The 12 characters after `kw_`. */
    id: p.text().primary().index(),
    app: () => belongsTo(App, 'app_id'),
    /** SHA-256 of the key's secret part (32 bytes). */
    secretHash: p.blob().$type<Buffer>().check('octet_length(secret_hash) = 32'),
    /** `settings` for the key of `APP_API_KEY`, which its successor supersedes; `operator` for any other. */
    source: p.text().$type<'settings' | 'operator'>().check(`source in ('settings', 'operator')`),
    scopes: p.array().$type<ApiKeyScope[]>().default([]),
    createdAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime().nullable(),
    /** When another key took its place in `APP_API_KEY`: it is valid for a day more. */
    supersededAt: p.datetime().nullable(),
    lastUsedAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
  },
});

/** What is kept of an app's API key; the secret itself is never stored. */
export class ApiKey extends ApiKeySchema.class {}
ApiKeySchema.setClass(ApiKey);
