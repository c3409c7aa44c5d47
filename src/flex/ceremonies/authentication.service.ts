import { Injectable } from '@nestjs/common';
import { Database, DatabaseTransaction } from '../../database/database.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { AppError } from '../../errors/app-error.js';
import { requestOptions } from '../../webauthn/authentication-options.js';
import { presentedCredentialId } from '../../webauthn/presented-response.js';
import { type VerifiedAuthentication, verifyAuthentication } from '../../webauthn/verify-authentication.js';
import type { AppPolicy } from '../apps/app.js';
import { AppPolicies } from '../apps/app-policies.js';
import { hashOf } from '../bearer-secret.js';
import { DeviceRepository, type OwnedCredential } from '../devices/device.repository.js';
import { NoncesService } from '../nonces/nonces.service.js';
import { type OpenTransaction, TransactionRepository } from '../transactions/transaction.repository.js';
import { FlexUserRepository } from '../users/flex-user.repository.js';
import { UserHandles } from '../users/user-handles.js';
import type { FinishAuthentication, StartedAuthentication } from './ceremony.js';
import type { Handshake } from './handshake.js';
import { HandshakesService } from './handshakes.service.js';
import { namedTransaction } from './named-transaction.js';
import { type CeremonyFacts, RefusalAudit } from './refusal-audit.js';
import { Refused } from './refused.js';
import { SpentHandshakes } from './spent-handshakes.js';

/** A sign-in that holds, before anything of it is written. */
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
    private readonly users: FlexUserRepository,
    private readonly userHandles: UserHandles,
    private readonly devices: DeviceRepository,
    private readonly transactions: TransactionRepository,
    private readonly handshakes: HandshakesService,
    private readonly spentHandshakes: SpentHandshakes,
    private readonly nonces: NoncesService,
    private readonly audit: AuditTrail,
    private readonly refusals: RefusalAudit,
  ) {}

  /** A null transaction starts a discoverable sign-in. Throws `app_not_found`, `transaction_not_found`, `user_not_active`. */
  async start(appId: string, transactionId: string | null): Promise<StartedAuthentication> {
    const app = await this.apps.getRecent(appId);
    const hash = transactionId === null ? null : hashOf(transactionId);
    const open = hash && (await this.openTransaction(hash, appId));
    const handshake = this.handshakes.issue('authenticate', app, hash, open ? open.now : Date.now());
    const publicKey = requestOptions({
      relyingParty: app.relyingParty,
      challenge: handshake.challenge,
      userVerification: app.userVerification,
      timeout: app.ceremonyTimeout * 1000,
      ...(open && { allowCredentials: open.credentials }),
    });
    return { handshakeId: handshake.id, publicKey };
  }

  /**
   * Verifies the ceremony and counts the sign-in; answers with the nonce. Throws `app_not_found`,
   * `authentication_refused` or its discoverable form, `transaction_not_found`, `user_not_active`, and then has changed
   * nothing.
   */
  async finish(
    appId: string,
    { transactionId, handshakeId, response }: FinishAuthentication,
  ): Promise<string> {
    const app = await this.apps.get(appId);
    const refuse = refusalOf(transactionId);
    const handshake = this.handshakes.open(handshakeId);
    if (!handshake) throw refuse(new Refused('handshake_invalid'));
    return this.refusals.watch(appId, handshake, async (facts) => {
      try {
        const transaction = namedTransaction(handshake, transactionId);
        const signIn = await this.prove(response, handshake, app, facts);
        return await this.database.transaction((tx) => this.settle(signIn, handshake, transaction, app, tx));
      } catch (error) {
        throw isRefusal(error) ? refuse(error) : error;
      }
    });
  }

  private async openTransaction(hash: Buffer, appId: string): Promise<OpenTransaction> {
    const open = await this.transactions.findOpen(hash, appId, 'authenticate');
    // With the user's last passkey revoked, the transaction depends on nothing that could still sign in.
    if (!open || open.credentials.length === 0) throw new AppError('transaction_not_found');
    if (open.status === 'inactive') throw new AppError('user_not_active');
    return open;
  }

  private async prove(
    response: unknown,
    handshake: Handshake,
    app: AppPolicy,
    facts: CeremonyFacts,
  ): Promise<ProvenSignIn> {
    const expectations = this.handshakes.expectationsOf(handshake, 'authenticate', app);
    const credential = await this.devices.findCredential(app.id, presentedCredentialId(response));
    if (!credential) throw new Refused('credential_unknown');
    const verified = await verifyAuthentication(response, {
      ...expectations,
      credential: { id: presentedCredentialId(response), ...credential },
      userHandleRequired: handshake.transaction === null,
    });
    facts.userId = credential.userId;
    facts.deviceId = credential.deviceId;
    return { credential, verified };
  }

  private async settle(
    { credential, verified }: ProvenSignIn,
    handshake: Handshake,
    transaction: Buffer | null,
    { id: appId, lifetimes }: AppPolicy,
    tx: DatabaseTransaction,
  ): Promise<string> {
    const { userId, deviceId } = credential;
    if (!(await this.spentHandshakes.spend(handshake, tx))) throw new Refused('handshake_spent');
    if (transaction) await this.consume(transaction, credential, handshake, tx);
    // The user before the passkey: an erasure takes them in this order too, so that neither waits for the other.
    const isActive = await this.users.countLogin(appId, userId, tx);
    if (!isActive || !(await this.devices.advance(appId, deviceId, verified, tx))) {
      if (!(await this.devices.exists(appId, deviceId, tx))) throw new Refused('credential_revoked');
      throw isActive ? new Refused('clone_suspected') : new AppError('user_not_active');
    }
    const remark = await this.learnHandle({ credential, verified }, appId, tx);
    await this.audit.record({ type: 'authenticated', appId, userId, deviceId, ...remark }, tx);
    return this.nonces.issue({ appId, userId, deviceId, kind: 'authenticate' }, lifetimes.nonce, tx);
  }

  /**
   * Only where the handle is not known, and then the sign-in is on a transaction. No signature covers a handle: somebody
   * else's is not learnt, but shuts nobody out, as the one whose it is may come second.
   */
  private async learnHandle(
    { credential: { userId, deviceId, userHandle }, verified }: ProvenSignIn,
    appId: string,
    tx: DatabaseTransaction,
  ): Promise<{ reason?: string }> {
    if (userHandle !== null || verified.userHandle === null) return {};
    const outcome = await this.userHandles.learn({ appId, userId, deviceId }, verified.userHandle, tx);
    if (outcome === 'differs') throw new Refused('user_handle_mismatch');
    return outcome === 'taken' ? { reason: 'user_handle_taken' } : {};
  }

  private async consume(
    transaction: Buffer,
    credential: OwnedCredential,
    handshake: Handshake,
    tx: DatabaseTransaction,
  ): Promise<void> {
    const userId = await this.transactions.consume(transaction, handshake.appId, 'authenticate', tx);
    if (!userId) throw new AppError('transaction_not_found');
    // §7.2 step 5: only what `allowCredentials` listed, which is the passkeys the user had at the start.
    if (userId !== credential.userId) throw new Refused('credential_not_allowed');
    if (credential.createdAt.getTime() > handshake.issuedAt) throw new Refused('credential_not_allowed');
  }
}

const refusalOf = (transactionId: string | null) => {
  const code = transactionId === null ? 'discoverable_authentication_refused' : 'authentication_refused';
  return (cause: unknown): AppError => new AppError(code, { cause });
};

const isRefusal = (error: unknown): boolean => error instanceof Error && 'reason' in error;
