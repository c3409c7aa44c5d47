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

// A key that an operator made before becomes one of the settings, and goes when they name another.
const CREATE = statement(
  'api-keys.create-from-settings',
  `insert into api_keys (id, app_id, secret_hash, source) values ($1, $2, $3, 'settings')
   on conflict (app_id, id) do update set source = 'settings'
     where api_keys.app_id = excluded.app_id and api_keys.secret_hash = excluded.secret_hash`,
);

const FIND = statement(
  'api-keys.find',
  `select app_id as "appId", secret_hash as "secretHash",
     revoked_at is null and (expires_at is null or expires_at > now()) as "isValid"
   from api_keys where id = $1`,
);

interface KeyRow {
  appId: string;
  secretHash: Buffer;
  isValid: boolean;
}

/** Keeps the key of `APP_API_KEY`, and none of its predecessors, valid. */
@Injectable()
export class ApiKeyProvisioning {
  /** Throws a sentence if the key's id is taken by another secret or app, or the key is valid no more. */
  async provision({ id: appId, apiKey }: AppSettings, tx: DatabaseTransaction): Promise<void> {
    const parts = apiKey && parseApiKey(apiKey);
    if (!parts) return;
    const hash = hashApiKeySecret(parts.secret);
    await tx.query(REVOKE_PREDECESSORS, [appId, parts.id]);
    await tx.query(CREATE, [parts.id, appId, hash]);
    const [kept] = await tx.query<KeyRow>(FIND, [parts.id]);
    if (!kept || kept.appId !== appId || !kept.isValid || !isSameHash(kept.secretHash, hash)) {
      throw new Error(
        'The key in APP_API_KEY was revoked or has expired, or its id is taken by another key: set a newly made one.',
      );
    }
  }
}
