import { type Statement, statement, toDate } from '../../database/statement.js';
import type { UserVerification } from '../../webauthn/relying-party.js';
import type { Attestation, ResidentKey } from './app-policy.js';

/** What an operator decides about an app. Lifetimes are in seconds; null leaves them to the settings of the service. */
export interface AppFields {
  readonly name: string;
  readonly rpId: string;
  readonly origins: readonly string[];
  readonly relatedOrigins: readonly string[];
  readonly androidOrigins: readonly string[];
  readonly topOrigins: readonly string[];
  readonly userVerification: UserVerification;
  readonly residentKey: ResidentKey;
  readonly attestation: Attestation;
  /** The only models of authenticator taken, lower-case UUIDs; null: any. */
  readonly aaguidAllow: readonly string[] | null;
  /** Models that are not taken, lower-case UUIDs. */
  readonly aaguidDeny: readonly string[];
  /** COSE algorithm identifiers, most wanted first. */
  readonly algorithms: readonly number[];
  readonly maxPasskeysPerUser: number;
  /** Null: as long as the handshake lives. */
  readonly ceremonyTimeout: number | null;
  readonly handshakeTtl: number | null;
  readonly registerTransactionTtl: number | null;
  readonly authenticateTransactionTtl: number | null;
  readonly nonceTtl: number | null;
}

/** An app as its operator sees it, with how much there is of it. */
export interface AppRecord extends AppFields {
  readonly id: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly users: number;
  readonly passkeys: number;
  /** Devices that came without their keys: their users have to enrol again. */
  readonly legacyDevices: number;
  /** API keys that may be used now. */
  readonly keys: number;
}

/** What a new app has unless it is told otherwise. */
export const NEW_APP = {
  relatedOrigins: [],
  androidOrigins: [],
  topOrigins: [],
  userVerification: 'required',
  residentKey: 'required',
  attestation: 'none',
  aaguidAllow: null,
  aaguidDeny: [],
  algorithms: [-7, -8, -257],
  maxPasskeysPerUser: 50,
  ceremonyTimeout: null,
  handshakeTtl: null,
  registerTransactionTtl: null,
  authenticateTransactionTtl: null,
  nonceTtl: null,
} as const satisfies Partial<AppFields>;

/** The column of each field, in the order of the placeholders: `$2` is the first, `$1` the app's id. */
const COLUMNS = {
  name: 'name',
  rpId: 'rp_id',
  origins: 'origins',
  relatedOrigins: 'related_origins',
  androidOrigins: 'android_origins',
  topOrigins: 'top_origins',
  userVerification: 'user_verification',
  residentKey: 'resident_key',
  attestation: 'attestation',
  aaguidAllow: 'aaguid_allow',
  aaguidDeny: 'aaguid_deny',
  algorithms: 'algorithms',
  maxPasskeysPerUser: 'max_passkeys_per_user',
  ceremonyTimeout: 'ceremony_timeout',
  handshakeTtl: 'handshake_ttl',
  registerTransactionTtl: 'register_transaction_ttl',
  authenticateTransactionTtl: 'authenticate_transaction_ttl',
  nonceTtl: 'nonce_ttl',
} as const satisfies Record<keyof AppFields, string>;

const columns = Object.values(COLUMNS);
const places = columns.map((_column, index) => `$${index + 2}`);
const fields = Object.entries(COLUMNS).map(([field, column]) => `apps.${column} as "${field}"`);

const read = (name: string, rest: string): Statement =>
  statement(
    name,
    `select apps.id, ${fields.join(', ')}, apps.created_at as "createdAt", apps.updated_at as "updatedAt",
       (select count(*)::integer from flex_users u where u.app_id = apps.id) as users,
       (select count(*)::integer from devices d where d.app_id = apps.id) as passkeys,
       (select count(*)::integer from legacy_devices l where l.app_id = apps.id) as "legacyDevices",
       (select count(*)::integer from api_keys k where k.app_id = apps.id and k.revoked_at is null
          and (k.expires_at is null or k.expires_at > now())) as keys
     from apps ${rest}`,
  );

/** Statements whose rows `toRecord` takes; `$1` is the app's id. */
export const SHOW = read('apps.show', 'where id = $1');
// Weak enough for what is added meanwhile to see that the app is there: it goes with the app, and nobody waits in a circle.
export const SHOW_AND_HOLD = read('apps.show-and-hold', 'where id = $1 for no key update');
export const LIST = read('apps.list', 'order by apps.id');

/** Statements that write every field; they take `toValues`. */
export const INSERT = statement(
  'apps.insert',
  `insert into apps (id, ${columns.join(', ')}) values ($1, ${places.join(', ')})`,
);
export const REPLACE = statement(
  'apps.replace',
  `update apps set (${columns.join(', ')}, updated_at) = (${places.join(', ')}, now()) where id = $1`,
);

/** The values of a statement's placeholders. */
export const toValues = (id: string, app: AppFields): unknown[] => [
  id,
  ...Object.keys(COLUMNS).map((field) => app[field as keyof AppFields]),
];

/** A row as the driver gives it. */
export type AppRecordRow = Omit<AppRecord, 'createdAt' | 'updatedAt'> & {
  readonly createdAt: string;
  readonly updatedAt: string;
};

export const toRecord = (row: AppRecordRow): AppRecord => ({
  ...row,
  createdAt: toDate(row.createdAt),
  updatedAt: toDate(row.updatedAt),
});
