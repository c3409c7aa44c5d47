import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { query } from '../../database/query.js';

/** What a sign-in presents by which its credential could be known. */
export interface PresentedNames {
  readonly appId: string;
  readonly credentialId: Buffer;
  /** SHA-256 of it. */
  readonly credentialHash: Buffer;
  /** The user handle, in the form that it is presented in. */
  readonly handle: Buffer | null;
}

/** What the app knows of a credential that a sign-in could not find. */
export interface CredentialTraces {
  /** It was registered or imported a moment ago. */
  readonly isKnown: boolean;
  readonly isRevoked: boolean;
  /** The presented user handle is that of an inactive user. */
  readonly isOfInactiveUser: boolean;
}

const FIND = query('ceremonies.find-traces', (db, $: PresentedNames) =>
  db.selectNoFrom((it) => [
    it
      .exists(
        it
          .selectFrom('devices')
          .where('app_id', '=', $.appId)
          .where('credential_id', '=', $.credentialId)
          .select('id'),
      )
      .as('isKnown'),
    it
      .exists(
        it
          .selectFrom('tombstones')
          .where('app_id', '=', $.appId)
          .where('credential_hash', '=', $.credentialHash)
          .select('app_id'),
      )
      .as('isRevoked'),
    it
      .exists(
        it
          .selectFrom('user_handles as h')
          .innerJoin('flex_users as u', (on) =>
            on.onRef('u.app_id', '=', 'h.app_id').onRef('u.id', '=', 'h.user_id'),
          )
          .where('h.app_id', '=', $.appId)
          .where('h.form', '=', $.handle)
          .where('u.status', '=', 'inactive')
          .select('u.id'),
      )
      .as('isOfInactiveUser'),
  ]),
);

/** What is left of credentials that are not among the passkeys. */
@Injectable()
export class UnknownCredentialRepository {
  constructor(private readonly database: Database) {}

  /** Always one statement. */
  async find(presented: PresentedNames): Promise<CredentialTraces> {
    const [row] = await this.database.run(FIND, presented);
    const { isKnown, isRevoked, isOfInactiveUser } = row!;
    return {
      isKnown: Boolean(isKnown),
      isRevoked: Boolean(isRevoked),
      isOfInactiveUser: Boolean(isOfInactiveUser),
    };
  }
}
