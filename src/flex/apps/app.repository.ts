import { Injectable } from '@nestjs/common';
import { appIdProblem } from '../../config/app-rules.js';
import { Configuration, embeddedPassageOf, type Lifetimes } from '../../config/configuration.js';
import { Database } from '../../database/database.js';
import { statement, toDate } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import { currentRequest } from '../../http/request-context.js';
import type { AppPolicy, Attestation, ResidentKey } from './app-policy.js';
import type { UserVerification } from '../../webauthn/relying-party.js';

const CACHE_FOR = 5_000; // ms

interface AppRow {
  id: string;
  name: string;
  rpId: string;
  origins: string[];
  relatedOrigins: string[];
  androidOrigins: string[];
  topOrigins: string[];
  userVerification: UserVerification;
  residentKey: ResidentKey;
  attestation: Attestation;
  aaguidAllow: string[] | null;
  aaguidDeny: string[];
  algorithms: number[];
  maxPasskeysPerUser: number;
  ceremonyTimeout: number | null;
  handshakeTtl: number | null;
  registerTransactionTtl: number | null;
  authenticateTransactionTtl: number | null;
  nonceTtl: number | null;
  createdAt: string;
}

const FIND = statement(
  'apps.find',
  `select id, name, rp_id as "rpId", origins, related_origins as "relatedOrigins", android_origins as "androidOrigins",
     top_origins as "topOrigins", user_verification as "userVerification", ceremony_timeout as "ceremonyTimeout",
     resident_key as "residentKey", attestation, algorithms,
     aaguid_allow as "aaguidAllow", aaguid_deny as "aaguidDeny", max_passkeys_per_user as "maxPasskeysPerUser",
     handshake_ttl as "handshakeTtl", register_transaction_ttl as "registerTransactionTtl",
     authenticate_transaction_ttl as "authenticateTransactionTtl", nonce_ttl as "nonceTtl", created_at as "createdAt"
   from apps where id = $1`,
);

/** Reads apps. Only existing ones are kept, for five seconds, and only for those who ask for the kept one. */
@Injectable()
export class AppRepository {
  private readonly kept = new Map<string, { readonly app: AppPolicy; readonly until: number }>();

  constructor(
    private readonly database: Database,
    private readonly configuration: Configuration,
  ) {}

  /** The app as it is now; for whatever finishes or changes something. Throws `app_not_found`. */
  async get(id: string): Promise<AppPolicy> {
    const [row] = appIdProblem(id) === undefined ? await this.database.query<AppRow>(FIND, [id]) : [];
    if (!row) {
      this.kept.delete(id);
      throw new AppError('app_not_found');
    }
    return noted(toPolicy(row, embeddedPassageOf(this.configuration).lifetimes));
  }

  /** The app as it was at most five seconds ago; for starting ceremonies and for CORS. Throws `app_not_found`. */
  async getRecent(id: string): Promise<AppPolicy> {
    const recent = this.peekRecent(id);
    if (recent) return noted(recent);
    const app = await this.get(id);
    this.kept.set(id, { app, until: Date.now() + CACHE_FOR });
    return app;
  }

  /** The same, if the database need not be asked for it. */
  peekRecent(id: string): AppPolicy | undefined {
    const kept = this.kept.get(id);
    return kept && kept.until > Date.now() ? kept.app : undefined;
  }

  /** The app as it was known last, which tells nothing but who may read that there were too many requests. */
  peekLast(id: string): AppPolicy | undefined {
    return this.kept.get(id)?.app;
  }
}

/** Lets the log name the app. */
function noted(app: AppPolicy): AppPolicy {
  const request = currentRequest();
  if (request) request.appId = app.id;
  return app;
}

function toPolicy(row: AppRow, defaults: Lifetimes): AppPolicy {
  const webOrigins = [...row.origins, ...row.relatedOrigins];
  const origins = [...webOrigins, ...row.androidOrigins];
  const handshake = row.handshakeTtl ?? defaults.handshake;
  return {
    id: row.id,
    relyingParty: { id: row.rpId, name: row.name, origins, topOrigins: row.topOrigins },
    webOrigins,
    userVerification: row.userVerification,
    residentKey: row.residentKey,
    attestation: row.attestation,
    aaguidAllow: row.aaguidAllow,
    aaguidDeny: row.aaguidDeny,
    algorithms: row.algorithms,
    maxPasskeysPerUser: row.maxPasskeysPerUser,
    ceremonyTimeout: Math.min(row.ceremonyTimeout ?? handshake, handshake),
    lifetimes: {
      handshake,
      registerTransaction: row.registerTransactionTtl ?? defaults.registerTransaction,
      authenticateTransaction: row.authenticateTransactionTtl ?? defaults.authenticateTransaction,
      nonce: row.nonceTtl ?? defaults.nonce,
    },
    createdAt: toDate(row.createdAt),
  };
}
