import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { type Queryable, statement } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import { hashOf, makeBearerSecret } from '../bearer-secret.js';
import type { CeremonyKind } from '../transactions/ceremony-kind.js';

/** What a nonce proves: that this user has just finished this kind of ceremony with this passkey. */
export interface VerifiedNonce {
  readonly externalId: string;
  readonly kind: CeremonyKind;
  readonly deviceId: string;
}

const ISSUE = statement(
  'nonces.issue',
  `insert into nonces (hash, app_id, user_id, device_id, kind, expires_at)
   values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))`,
);

const CONSUME = statement(
  'nonces.consume',
  `update nonces n set consumed_at = now()
   from flex_users u
   where n.hash = $1 and n.app_id = $2 and n.consumed_at is null and n.expires_at > now()
     and u.app_id = n.app_id and u.id = n.user_id and u.status <> 'inactive'
   returning u.external_id as "externalId", n.kind, n.device_id as "deviceId"`,
);

/** Nonces: given by a finished ceremony, verified once by the app's server. */
@Injectable()
export class NoncesService {
  constructor(private readonly database: Database) {}

  /** Makes a nonce in the transaction that finishes its ceremony; the text is told only here. Lifetime in seconds. */
  async issue(
    {
      appId,
      userId,
      deviceId,
      kind,
    }: { appId: string; userId: string; deviceId: string; kind: CeremonyKind },
    lifetime: number,
    tx: Queryable,
  ): Promise<string> {
    const { text, hash } = makeBearerSecret();
    await tx.query(ISSUE, [hash, appId, userId, deviceId, kind, lifetime]);
    return text;
  }

  /** Uses the nonce up. Throws `invalid_nonce` if it is unknown, expired, spent, revoked or another app's. */
  async verify(appId: string, nonce: string): Promise<VerifiedNonce> {
    const [verified] = await this.database.query<VerifiedNonce>(CONSUME, [hashOf(nonce), appId]);
    if (!verified) throw new AppError('invalid_nonce');
    return verified;
  }
}
