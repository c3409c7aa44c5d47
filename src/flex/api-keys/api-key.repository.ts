import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

/** A key that may be used now, as far as its id tells. */
export interface UsableApiKey {
  readonly appId: string;
  /** SHA-256 of the secret. */
  readonly secretHash: Buffer;
  /** Whether its last use is not written down, or was more than a minute ago. */
  readonly isUseUnrecorded: boolean;
}

const FIND_USABLE = statement(
  'api-keys.find-usable',
  `select app_id as "appId", secret_hash as "secretHash",
     (last_used_at is null or last_used_at < now() - interval '1 minute') as "isUseUnrecorded"
   from api_keys
   where id = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
);

const RECORD_USE = statement(
  'api-keys.record-use',
  `update api_keys set last_used_at = now()
   where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
);

/** The API keys of every app. */
@Injectable()
export class ApiKeyRepository {
  constructor(private readonly database: Database) {}

  /** Null if there is none of that id, or it was revoked or has expired. */
  async findUsable(id: string): Promise<UsableApiKey | null> {
    const [row] = await this.database.query<UsableApiKey>(FIND_USABLE, [id]);
    return row ?? null;
  }

  /** Writes down that a key was used, at most once a minute. */
  async recordUse(id: string): Promise<void> {
    await this.database.query(RECORD_USE, [id]);
  }
}
