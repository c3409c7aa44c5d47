import { Injectable } from '@nestjs/common';
import type { AppSettings } from '../../config/configuration.js';
import type { DatabaseTransaction } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { hashApiKeySecret, isSameHash, parseApiKey } from './api-key.js';

const REVOKE_PREDECESSORS = statement(
  'api-keys.revoke-predecessors',
  `update api_keys set revoked_at = now()
   where app_id = $1 and source = 'settings' and revoked_at is null and id <> $2`,
);

const CREATE = statement(
  'api-keys.create-from-settings',
  `insert into api_keys (id, app_id, secret_hash, source) values ($1, $2, $3, 'settings')
   on conflict (id) do nothing`,
);

const FIND = statement(
  'api-keys.find',
  `select app_id as "appId", secret_hash as "secretHash", revoked_at as "revokedAt" from api_keys where id = $1`,
);

interface KeyRow {
  appId: string;
  secretHash: Buffer;
  revokedAt: string | null;
}

/** Keeps the key of `APP_API_KEY`, and none of its predecessors, valid. */
@Injectable()
export class ApiKeyProvisioning {
  /** Throws a sentence if the key's id is taken by another secret or app, or was revoked. */
  async provision({ id: appId, apiKey }: AppSettings, tx: DatabaseTransaction): Promise<void> {
    const parts = apiKey && parseApiKey(apiKey);
    if (!parts) return;
    const hash = hashApiKeySecret(parts.secret);
    await tx.query(REVOKE_PREDECESSORS, [appId, parts.id]);
    await tx.query(CREATE, [parts.id, appId, hash]);
    const [kept] = await tx.query<KeyRow>(FIND, [parts.id]);
    if (!kept || kept.appId !== appId || kept.revokedAt || !isSameHash(kept.secretHash, hash)) {
      throw new Error(
        'The key in APP_API_KEY was revoked, or its id is taken by another key: set a newly made one.',
      );
    }
  }
}
