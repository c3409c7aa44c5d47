import { Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { describeUserAgent } from '../../authenticators/user-agent.js';
import { Database, type DatabaseTransaction } from '../../database/database.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { AppError } from '../../errors/app-error.js';
import { currentRequest, servesUser } from '../../http/request-context.js';
import { Refusal } from '../../errors/refusal.js';
import { Unavailable } from '../../errors/unavailable.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { newEventId } from '../../events/audit.repository.js';
import { requestOptions } from '../../webauthn/authentication-options.js';
import { CeremonyRefusal } from '../../webauthn/ceremony-refusal.js';
import { presentedCredentialId } from '../../webauthn/presented-response.js';
import type { Hint } from '../../webauthn/relying-party.js';
import {
  credentialIdOfWellFormed,
  type ExpectedAuthentication,
  type VerifiedAuthentication,
  verifyAuthentication,
} from '../../webauthn/verify-authentication.js';
import { AppPolicies } from '../apps/app-policies.js';
import { hashOf, makeBearerSecret } from '../bearer-secret.js';
import { type OpenTransaction, TransactionRepository } from '../transactions/transaction.repository.js';
import { UserHandleRepository } from '../users/user-handle.repository.js';
import {
  AuthenticationRepository,
  NotWritten,
  type OwnedCredential,
  type SignIn,
  type SignInObstacles,
} from './authentication.repository.js';
import {
  type Expectations,
  expiryOf,
  type Handshake,
  HandshakesService,
  transactionOf,
} from './handshakes.service.js';
import { RefusalAudit } from './refusal-audit.js';
import { FinishRefusal } from './finish-refusal.js';
import { UnknownCredentials } from './unknown-credentials.js';

/** What a browser needs for `navigator.credentials.get`, and the handshake to finish with. */
export interface StartedAuthentication {
  readonly handshakeId: string;
  readonly publicKey: PublicKeyCredentialRequestOptionsJSON;
}

/** What a browser sends to finish a sign-in; all of it is unverified. */
export interface FinishAuthentication {
  /** Null for a discoverable sign-in; an empty one names no transaction and is refused. */
  readonly transactionId: string | null;
  readonly handshakeId: string;
  /** The browser's answer, unverified. */
  readonly response: unknown;
}

/** The credential that a sign-in proved, and what it proved. */
interface ProvenSignIn {
  readonly credential: OwnedCredential;
  readonly verified: VerifiedAuthentication;
}

/** The authentication ceremony: on a transaction that names the user, or discoverable, where the passkey does. */
@Injectable()
export class AuthenticationService {
  constructor(
    private readonly database: Database,
    private readonly apps: AppPolicies,
    private readonly transactions: TransactionRepository,
    private readonly handshakes: HandshakesService,
    private readonly signIns: AuthenticationRepository,
    private readonly userHandles: UserHandleRepository,
    private readonly audit: AuditTrail,
    private readonly refusals: RefusalAudit,
    private readonly unknownCredentials: UnknownCredentials,
    private readonly clock: DatabaseClock,
  ) {}

  /** A null transaction starts a discoverable sign-in. Throws `app_not_found`, `transaction_not_found`, `user_not_active`. */
  async start(
    appId: string,
    transactionId: string | null,
    hints: readonly Hint[] = [],
  ): Promise<StartedAuthentication> {
    const app = await this.apps.getRecent(appId);
    const hash = transactionId === null ? null : hashOf(transactionId);
    const open = hash && (await this.openTransaction(appId, hash));
    const now = open ? open.now : await this.clock.exactly();
    // A sign-in that did not verify its user never counts for step-up.
    const userVerification = open?.act ? 'required' : app.userVerification;
    const handshake = this.handshakes.issue('authenticate', { ...app, userVerification }, { hash, now });
    const publicKey = requestOptions({
      relyingParty: app.relyingParty,
      challenge: handshake.challenge,
      userVerification,
      timeout: app.ceremonyTimeout * 1000,
      hints,
      ...(open && { allowCredentials: open.credentials }),
    });
    return { handshakeId: handshake.id, publicKey };
  }

  /**
   * Verifies the ceremony and counts the sign-in; answers with the nonce. Throws `app_not_found`,
   * `authentication_refused` or its discoverable form, `invalid_request` for a malformed response, `transaction_not_found`,
   * `user_not_active`, and then has changed nothing.
   */
  async finish(
    appId: string,
    { transactionId, handshakeId, response }: FinishAuthentication,
  ): Promise<string> {
    const found = await this.signIns.find(appId, claimedCredentialId(response));
    const app = this.apps.of(appId, found.app);
    const code = transactionId === null ? 'discoverable_authentication_refused' : 'authentication_refused';
    const handshake = await this.handshakes.open(handshakeId);
    if (!handshake) throw new AppError(code, { cause: new FinishRefusal('handshake_invalid') });
    let proven: ProvenSignIn | null = null;
    try {
      const transactionHash = transactionOf(handshake, transactionId);
      const expectations = this.handshakes.expectationsOf(handshake, 'authenticate', app);
      const userHandleRequired = handshake.transaction === null;
      const backupEligibilityChange = backupChangeOf(found.credential, expectations);
      proven = await prove(response, found.credential, {
        ...expectations,
        userHandleRequired,
        backupEligibilityChange,
      });
      requireListed(proven.credential, handshake);
      // Not before: a stranger could take another user's turns.
      servesUser(appId, proven.credential.userId);
      const nonce = makeBearerSecret();
      await this.write(
        {
          ...this.audit.eventOf({ type: 'passkey.used', appId, ...ownerOf(proven) }),
          ...ownerOf(proven),
          appId,
          kind: 'authenticate',
          transactionHash,
          handshakeHash: hashOf(handshake.challenge),
          handshakeExpiresAt: expiryOf(handshake, app),
          counter: proven.verified.counter,
          backedUp: proven.verified.backedUp,
          backupEligible: proven.verified.backupEligible,
          isBackupChanged: proven.verified.isBackupEligibilityChanged,
          backupEventId: newEventId(),
          userVerified: proven.verified.userVerified,
          usedFrom: describeUserAgent(currentRequest()?.userAgent ?? null),
          automatic: proven.credential.automatic && !proven.verified.userVerified,
          nonceHash: nonce.hash,
          nonceLifetime: app.lifetimes.nonce,
        },
        { newHandle: newHandleOf(proven), backupEligibilityChange },
      );
      return nonce.text;
    } catch (error) {
      throw await this.refusals.answerTo(error, {
        appId,
        handshake,
        code,
        proven: proven && ownerOf(proven),
        mayTellUnknown: isOfUnknownCredential(error)
          ? () => this.unknownCredentials.mayBeTold(response, handshake, app)
          : undefined,
      });
    }
  }

  private async openTransaction(appId: string, hash: Buffer): Promise<OpenTransaction> {
    const open = await this.transactions.findOpen(appId, hash, 'authenticate');
    // With the user's last passkey revoked, the transaction depends on nothing that could still sign in.
    if (!open || open.credentials.length === 0) throw new AppError('transaction_not_found');
    if (open.status === 'inactive') throw new AppError('user_not_active');
    return open;
  }

  private async write(signIn: SignIn, how: HowToWrite): Promise<void> {
    const { newHandle, backupEligibilityChange } = how;
    try {
      if (newHandle) await this.database.transaction((tx) => this.writeWithHandle(signIn, newHandle, tx));
      else await this.signIns.finishSignIn(signIn);
    } catch (error) {
      if (!(error instanceof NotWritten)) throw error;
      const found = await this.signIns.obstaclesTo(signIn);
      const refusal = obstacleTo(signIn, found) ?? error.otherwise;
      if (refusal) throw refusal;
      const { backupEligible } = found;
      const isBackupChanged = backupEligible !== null && backupEligible !== signIn.backupEligible;
      if (isBackupChanged === signIn.isBackupChanged) throw changedMeanwhile();
      // Another sign-in has finished since the credential was read, with another flag than it had then.
      if (isBackupChanged && backupEligibilityChange === 'refuse') {
        throw new CeremonyRefusal('backup_eligibility_changed', '7.2-19');
      }
      await this.write({ ...signIn, isBackupChanged }, how);
    }
  }

  /** No signature covers a handle: one that is another user's is not recorded, and the sign-in still counts. */
  private async writeWithHandle(signIn: SignIn, handle: Buffer, tx: DatabaseTransaction): Promise<void> {
    const outcome = await this.userHandles.learn(signIn, handle, tx);
    if (outcome === 'differs') throw new NotWritten(new FinishRefusal('user_handle_mismatch'));
    const reason = outcome === 'taken' ? 'user_handle_taken' : null;
    await this.signIns.finishSignIn({ ...signIn, reason }, tx);
  }
}

/** Why a sign-in could not be written; null if nothing is in its way any more. */
function obstacleTo(signIn: SignIn, found: SignInObstacles): Refusal | null {
  if (found.isHandshakeSpent) return new FinishRefusal('handshake_spent');
  if (signIn.transactionHash !== null) {
    if (found.transactionUserId === null) return new AppError('transaction_not_found');
    if (found.transactionUserId !== signIn.userId) return new FinishRefusal('credential_not_allowed');
  }
  if (found.counter === null) return new FinishRefusal('credential_revoked');
  if (found.status === 'inactive') return new AppError('user_not_active');
  const hasRisen = signIn.counter > found.counter || (signIn.counter === 0 && found.counter === 0);
  return hasRisen ? null : new FinishRefusal('clone_suspected');
}

/** What may be written of a sign-in beside what it proved. */
interface HowToWrite {
  /** The handle to be learnt; null if there is none. */
  readonly newHandle: Buffer | null;
  readonly backupEligibilityChange: 'record' | 'refuse';
}

/** A credential of a proven model does not change; of others the app decides. */
const backupChangeOf = (
  credential: OwnedCredential | null,
  { refusesBackupChange }: Pick<Expectations, 'refusesBackupChange'>,
): 'record' | 'refuse' =>
  refusesBackupChange || credential?.attestationTrust === 'trusted' ? 'refuse' : 'record';

/** What was in the way of a sign-in has gone before it could be read: nothing was written, and it may be sent again. */
const changedMeanwhile = (): Unavailable =>
  new Unavailable('database_busy', { cause: null, reason: 'changed_meanwhile', retryAfter: 1 });

/** The credential that a response names, or null where the response cannot be read: verification says why. */
function claimedCredentialId(response: unknown): Buffer | null {
  try {
    return presentedCredentialId(response);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

async function prove(
  response: unknown,
  credential: OwnedCredential | null,
  expected: Omit<ExpectedAuthentication, 'credential'>,
): Promise<ProvenSignIn> {
  // Before the credential: what is said of the form does not tell whether there is one.
  const id = credentialIdOfWellFormed(response);
  if (!credential) throw new FinishRefusal('credential_unknown');
  return {
    credential,
    verified: await verifyAuthentication(response, { ...expected, credential: { id, ...credential } }),
  };
}

/** §7.2 step 5: only what `allowCredentials` listed, which is the passkeys that the user had at the start. */
function requireListed({ enrolledAt }: OwnedCredential, { transaction, issuedAt }: Handshake): void {
  if (transaction !== null && enrolledAt.getTime() > issuedAt)
    throw new FinishRefusal('credential_not_allowed');
}

const isOfUnknownCredential = (error: unknown): boolean =>
  error instanceof FinishRefusal && error.reason === 'credential_unknown';

const ownerOf = ({ credential: { userId, deviceId } }: ProvenSignIn) => ({ userId, deviceId });

/** The handle to be learnt: only where none is known, and then the sign-in is on a transaction. */
const newHandleOf = ({ credential, verified }: ProvenSignIn): Buffer | null =>
  credential.userHandle === null ? verified.userHandle : null;
