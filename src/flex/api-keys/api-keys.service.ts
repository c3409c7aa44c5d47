import type { Database } from '../../database/database.js';
import { statement, toDate } from '../../database/statement.js';
import { appNotFound, AppsService } from '../apps/apps.service.js';
import { OperatorError } from '../../errors/operator-error.js';
import { hashApiKeySecret, makeApiKey } from './api-key.js';

/** An API key as its operator sees it; nobody sees its secret again, nor what is stored of it. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly appId: string;
  readonly state: 'active' | 'expired' | 'revoked';
  /** `settings` for the key of `APP_API_KEY`, `operator` for any other. */
  readonly source: 'settings' | 'operator';
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** Right to the minute; null if it never was. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** A key that was just made: the one time that all of it is told. */
export interface NewApiKey extends ApiKeyRecord {
  /** `kw_<id>_<secret>`. */
  readonly key: string;
}

/** A row as the driver gives it: times as text. */
type Row = Omit<ApiKeyRecord, 'createdAt' | 'expiresAt' | 'lastUsedAt' | 'revokedAt'> & {
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
};

const FIELDS = `id, app_id as "appId", source, created_at as "createdAt", expires_at as "expiresAt",
  last_used_at as "lastUsedAt", revoked_at as "revokedAt",
  case when revoked_at is not null then 'revoked' when expires_at <= now() then 'expired' else 'active' end as state`;

const LIST = statement(
  'api-keys.list',
  `select ${FIELDS} from api_keys where app_id = $1 order by created_at, id`,
);

const INSERT = statement(
  'api-keys.insert',
  `insert into api_keys (id, app_id, secret_hash, source, expires_at)
   select $1, apps.id, $3, 'operator', now() + make_interval(secs => $4) from apps where apps.id = $2
   returning ${FIELDS}`,
);

const REVOKE = statement(
  'api-keys.revoke',
  `update api_keys set revoked_at = coalesce(revoked_at, now()) where id = $1 returning ${FIELDS}`,
);

/** Makes, lists and revokes API keys as an operator asks. Throws `OperatorError`, and then nothing was changed. */
export class ApiKeysService {
  constructor(private readonly database: Database) {}

  /** Makes a key beside those there are; `lifetime` in seconds, null for one without an end. Throws `app_not_found`. */
  async create(appId: string, lifetime: number | null): Promise<NewApiKey> {
    const { id, secret, key } = makeApiKey();
    const [row] = await this.database.query<Row>(INSERT, [id, appId, hashApiKeySecret(secret), lifetime]);
    if (!row) throw appNotFound(appId);
    return { ...toRecord(row), key };
  }

  /** Every key the app ever had, oldest first. Throws `app_not_found`. */
  async list(appId: string): Promise<ApiKeyRecord[]> {
    await new AppsService(this.database).get(appId);
    return (await this.database.query<Row>(LIST, [appId])).map(toRecord);
  }

  /** Takes effect at once, on every replica; a key that was revoked stays so. Throws `key_not_found`. */
  async revoke(id: string): Promise<ApiKeyRecord> {
    const [row] = await this.database.query<Row>(REVOKE, [id]);
    if (!row) throw new OperatorError('key_not_found', `There is no API key ${JSON.stringify(id)}.`);
    return toRecord(row);
  }
}

const toRecord = (row: Row): ApiKeyRecord => ({
  ...row,
  createdAt: toDate(row.createdAt),
  expiresAt: toDateOrNull(row.expiresAt),
  lastUsedAt: toDateOrNull(row.lastUsedAt),
  revokedAt: toDateOrNull(row.revokedAt),
});

const toDateOrNull = (text: string | null): Date | null => (text === null ? null : toDate(text));
