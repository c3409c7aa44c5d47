import { Injectable } from '@nestjs/common';
import { type Queryable, statement } from '../../database/statement.js';
import { hashOf } from '../bearer-secret.js';
import type { Handshake } from './handshake.js';

const SPEND = statement(
  'handshakes.spend',
  `insert into spent_handshakes (hash, expires_at, app_id)
   select $1, to_timestamp($2), $3 where to_timestamp($2) > now()
   on conflict (app_id, hash) do nothing returning 1 as spent`,
);

/** Remembers the handshakes that finished, which is all that is ever written of one. */
@Injectable()
export class SpentHandshakes {
  /** True for the first transaction that spends it in time; any other waits for that one to end, and gets false. */
  async spend({ challenge, expiresAt, appId }: Handshake, tx: Queryable): Promise<boolean> {
    const rows = await tx.query(SPEND, [hashOf(challenge), expiresAt, appId]);
    return rows.length === 1;
  }
}
