import { defineEntity, p } from '@mikro-orm/core';

const ApiKeySchema = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  properties: {
    /** The 12 characters after `kw_`. */
    id: p.text().primary(),
    appId: p.text().index(),
    /** SHA-256 of the whole key's secret part (32 bytes). */
    secretHash: p.blob(),
    /** `settings` for the key of `APP_API_KEY`, whose successor revokes it; `operator` for any other. */
    source: p.text(),
    createdAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime().nullable(),
    lastUsedAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
  },
});

/** What is kept of an app's API key; the secret itself is never stored. */
export class ApiKey extends ApiKeySchema.class {}
ApiKeySchema.setClass(ApiKey);
