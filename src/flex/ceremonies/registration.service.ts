import { Injectable } from '@nestjs/common';
import { Authenticators } from '../../authenticators/authenticators.js';
import { FidoMetadata } from '../../authenticators/fido-metadata.js';
import { defaultPasskeyName, numberedName } from '../../authenticators/default-passkey-name.js';
import { Database, DatabaseTransaction } from '../../database/database.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { AppError } from '../../errors/app-error.js';
import { currentRequest } from '../../http/request-context.js';
import { creationOptions } from '../../webauthn/registration-options.js';
import { type VerifiedRegistration, verifyRegistration } from '../../webauthn/verify-registration.js';
import type { AppPolicy } from '../apps/app.js';
import { AppPolicies } from '../apps/app-policies.js';
import { authenticatorRefusal } from '../apps/app-rules.js';
import { hashOf } from '../bearer-secret.js';
import { DeviceRepository } from '../devices/device.repository.js';
import { NoncesService } from '../nonces/nonces.service.js';
import { TransactionRepository } from '../transactions/transaction.repository.js';
import { FlexUserRepository } from '../users/flex-user.repository.js';
import type { FinishRegistration, StartedCeremony, StartRegistration } from './ceremony.js';
import type { Handshake } from './handshake.js';
import { HandshakesService } from './handshakes.service.js';
import { namedTransaction } from './named-transaction.js';
import { type CeremonyFacts, RefusalAudit } from './refusal-audit.js';
import { Refused } from './refused.js';
import { SpentHandshakes } from './spent-handshakes.js';

/** The registration ceremony: always on a transaction that the application's server asked for. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly database: Database,
    private readonly apps: AppPolicies,
    private readonly users: FlexUserRepository,
    private readonly devices: DeviceRepository,
    private readonly transactions: TransactionRepository,
    private readonly handshakes: HandshakesService,
    private readonly spentHandshakes: SpentHandshakes,
    private readonly nonces: NoncesService,
    private readonly authenticators: Authenticators,
    private readonly fidoMetadata: FidoMetadata,
    private readonly audit: AuditTrail,
    private readonly refusals: RefusalAudit,
  ) {}

  /** Throws `app_not_found`, `transaction_not_found`, `user_not_active`. Writes nothing. */
  async start(appId: string, { transactionId, attachment }: StartRegistration): Promise<StartedCeremony> {
    const app = await this.apps.getRecent(appId);
    const hash = hashOf(transactionId);
    const open = await this.transactions.findOpen(hash, appId, 'register');
    if (!open) throw new AppError('transaction_not_found');
    if (open.status === 'inactive') throw new AppError('user_not_active');
    const handshake = this.handshakes.issue('register', app, hash, open.now);
    const name = open.passkeyDisplayName ?? '';
    const publicKey = creationOptions({
      relyingParty: app.relyingParty,
      user: { handle: open.userHandle, name, displayName: name },
      challenge: handshake.challenge,
      algorithms: app.algorithms,
      userVerification: app.userVerification,
      residentKey: app.residentKey,
      attestation: app.attestation,
      ...(attachment && { attachment }),
      timeout: app.ceremonyTimeout * 1000,
      excludeCredentials: open.credentials,
    });
    return { handshakeId: handshake.id, publicKey };
  }

  /**
   * Verifies the ceremony and stores the passkey; answers with the nonce. Throws `app_not_found`,
   * `registration_refused`, `transaction_not_found`, `user_not_active`, `too_many_passkeys`, and then has changed nothing.
   */
  async finish(appId: string, { transactionId, handshakeId, response }: FinishRegistration): Promise<string> {
    const app = await this.apps.get(appId);
    const handshake = this.handshakes.open(handshakeId);
    if (!handshake) throw new AppError('registration_refused', { cause: new Refused('handshake_invalid') });
    return this.refusals.watch(appId, handshake, async (facts) => {
      const transaction = namedTransaction(handshake, transactionId);
      const credential = await this.verify(response, handshake, app);
      return this.database.transaction((tx) =>
        this.store(credential, handshake, transaction, app, facts, tx),
      );
    });
  }

  private async verify(
    response: unknown,
    handshake: Handshake,
    app: AppPolicy,
  ): Promise<VerifiedRegistration> {
    let credential: VerifiedRegistration;
    try {
      const expected = this.handshakes.expectationsOf(handshake, 'register', app);
      credential = await verifyRegistration(response, { ...expected, models: this.fidoMetadata });
    } catch (cause) {
      throw new AppError('registration_refused', { cause });
    }
    const refusal = authenticatorRefusal(app, credential);
    if (refusal) throw refused(refusal);
    return credential;
  }

  private async store(
    credential: VerifiedRegistration,
    handshake: Handshake,
    transaction: Buffer,
    app: AppPolicy,
    facts: CeremonyFacts,
    tx: DatabaseTransaction,
  ): Promise<string> {
    if (!(await this.spentHandshakes.spend(handshake, tx))) throw refused('handshake_spent');
    const userId = await this.transactions.consume(transaction, app.id, 'register', tx);
    if (!userId) throw new AppError('transaction_not_found');
    facts.userId = userId;
    const name = await this.nameFor(credential, app, userId, tx);
    const owner = { appId: app.id, userId };
    const deviceId = await this.devices.insert(owner, credential, name, tx);
    if (!deviceId) throw refused('credential_id_in_use');
    await this.audit.record({ ...owner, type: 'registered', deviceId }, tx);
    return this.nonces.issue({ ...owner, deviceId, kind: 'register' }, app.lifetimes.nonce, tx);
  }

  /** A name that tells the user's passkeys apart; the user is held, so that nobody else takes it meanwhile. */
  private async nameFor(
    { aaguid }: VerifiedRegistration,
    app: AppPolicy,
    userId: string,
    tx: DatabaseTransaction,
  ): Promise<string> {
    const user = await this.users.lock(app.id, userId, tx);
    if (!user || user.status === 'inactive') throw new AppError('user_not_active');
    const taken = await this.devices.namesOf(app.id, userId, tx);
    if (taken.length >= app.maxPasskeysPerUser) throw new AppError('too_many_passkeys');
    const providerName = this.authenticators.nameOf(aaguid);
    const userAgent = currentRequest()?.userAgent ?? null;
    return numberedName(defaultPasskeyName({ providerName, userAgent }), taken);
  }
}

const refused = (reason: string): AppError =>
  new AppError('registration_refused', { cause: new Refused(reason) });
