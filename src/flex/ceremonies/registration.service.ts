import { Injectable } from '@nestjs/common';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import { v7 as uuidv7 } from 'uuid';
import { Authenticators } from '../../authenticators/authenticators.js';
import { defaultPasskeyName, numberedName } from '../../authenticators/default-passkey-name.js';
import { describeUserAgent } from '../../authenticators/user-agent.js';
import { FidoMetadata } from '../../authenticators/fido-metadata.js';
import { Database, type DatabaseTransaction } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import type { Refusal } from '../../errors/refusal.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { currentRequest, servesUser } from '../../http/request-context.js';
import type { Hint } from '../../webauthn/relying-party.js';
import { creationOptions } from '../../webauthn/registration-options.js';
import { type VerifiedRegistration, verifyRegistration } from '../../webauthn/verify-registration.js';
import type { AppPolicy } from '../apps/app.js';
import { AppPolicies } from '../apps/app-policies.js';
import { authenticatorRefusal } from '../apps/app-rules.js';
import { hashOf, makeBearerSecret } from '../bearer-secret.js';
import { TransactionRepository } from '../transactions/transaction.repository.js';
import { HandshakeRepository } from './handshake.repository.js';
import {
  type Expectations,
  expiryOf,
  type Handshake,
  HandshakesService,
  transactionOf,
} from './handshakes.service.js';
import { RefusalAudit } from './refusal-audit.js';
import { FinishRefusal } from './finish-refusal.js';
import { type Registration, RegistrationRepository } from './registration.repository.js';

/** What a browser sends to start a registration. */
export interface StartRegistration {
  readonly transactionId: string;
  /** Absent if the authenticator may be of either kind. */
  readonly attachment?: 'platform' | 'cross-platform';
  readonly hints?: readonly Hint[];
}

/** What a browser needs for `navigator.credentials.create`, and the handshake to finish with. */
export interface StartedRegistration {
  readonly handshakeId: string;
  readonly publicKey: PublicKeyCredentialCreationOptionsJSON;
  /** Whether it is an automatic upgrade: `create` may be asked with `mediation: 'conditional'`. */
  readonly conditional: boolean;
}

/** What a browser sends to finish a registration; all of it is unverified. */
export interface FinishRegistration {
  readonly transactionId: string;
  readonly handshakeId: string;
  /** The browser's answer, unverified. */
  readonly response: unknown;
}

/** A registration that was verified, before anything of it is written. */
interface ProvenRegistration {
  readonly app: AppPolicy;
  readonly handshake: Handshake;
  readonly transactionHash: Buffer;
  readonly credential: VerifiedRegistration;
  /** Whether a user who has passkeys is held to step-up. */
  readonly refusesUnproven: boolean;
}

/** The registration ceremony: always on a transaction that the application's server asked for. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly database: Database,
    private readonly apps: AppPolicies,
    private readonly transactions: TransactionRepository,
    private readonly handshakes: HandshakesService,
    private readonly spentHandshakes: HandshakeRepository,
    private readonly registrations: RegistrationRepository,
    private readonly authenticators: Authenticators,
    private readonly fidoMetadata: FidoMetadata,
    private readonly audit: AuditTrail,
    private readonly refusals: RefusalAudit,
  ) {}

  /** Throws `app_not_found`, `transaction_not_found`, `user_not_active`, `access_denied`. Writes nothing. */
  async start(
    appId: string,
    { transactionId, attachment, hints = [] }: StartRegistration,
  ): Promise<StartedRegistration> {
    const app = await this.apps.getRecent(appId);
    const hash = hashOf(transactionId);
    const open = await this.transactions.findOpen(appId, hash, 'register');
    if (!open) throw new AppError('transaction_not_found');
    if (open.status === 'inactive') throw new AppError('user_not_active');
    const { conditional, now } = open;
    if (conditional && app.conditionalCreate === 'off') throw new AppError('access_denied');
    const handshake = this.handshakes.issue('register', app, { hash, now, conditional });
    const displayName = open.passkeyDisplayName ?? '';
    const publicKey = creationOptions({
      relyingParty: app.relyingParty,
      user: { handle: open.userHandle, name: open.username ?? displayName, displayName },
      challenge: handshake.challenge,
      algorithms: app.algorithms,
      userVerification: conditional ? 'preferred' : app.userVerification,
      residentKey: app.residentKey,
      attestation: app.attestation,
      ...(attachment && { attachment }),
      hints,
      timeout: app.ceremonyTimeout * 1000,
      excludeCredentials: open.credentials,
    });
    return { handshakeId: handshake.id, publicKey, conditional };
  }

  /**
   * Verifies the ceremony and stores the passkey; answers with the nonce. Throws `app_not_found`,
   * `registration_refused`, `invalid_request` for a malformed response, `transaction_not_found`, `user_not_active`,
   * `too_many_passkeys`, `insufficient_user_authentication`, and then has changed nothing.
   */
  async finish(appId: string, { transactionId, handshakeId, response }: FinishRegistration): Promise<string> {
    const app = await this.apps.get(appId);
    const code = 'registration_refused';
    const handshake = await this.handshakes.open(handshakeId);
    if (!handshake) throw new AppError(code, { cause: new FinishRefusal('handshake_invalid') });
    try {
      const transactionHash = transactionOf(handshake, transactionId);
      const expected = this.handshakes.expectationsOf(handshake, 'register', app);
      const credential = await this.verify(response, expected, app);
      const { refusesUnproven } = expected;
      const userId = await this.transactions.ownerOf(appId, transactionHash);
      if (userId) servesUser(appId, userId);
      return await this.database.transaction((tx) =>
        this.store({ app, handshake, transactionHash, credential, refusesUnproven }, tx),
      );
    } catch (error) {
      throw await this.refusals.answerTo(error, { appId, handshake, code, proven: null });
    }
  }

  private async verify(
    response: unknown,
    expected: Expectations,
    app: AppPolicy,
  ): Promise<VerifiedRegistration> {
    const credential = await verifyRegistration(response, { ...expected, models: this.fidoMetadata });
    const { requiresTrust: isTrustRequired } = expected;
    const refusal = authenticatorRefusal({ ...app, isTrustRequired }, credential);
    if (refusal) throw new FinishRefusal(refusal);
    return credential;
  }

  private async store(registration: ProvenRegistration, tx: DatabaseTransaction): Promise<string> {
    const { app, handshake, transactionHash, credential, refusesUnproven } = registration;
    const handshakeHash = hashOf(handshake.challenge);
    const automatic = handshake.conditional === true;
    const registrant = await this.registrations.lockRegistrant(
      { appId: app.id, transactionHash, automatic },
      tx,
    );
    if (!registrant) throw await this.notPermitted(app.id, handshakeHash, tx);
    if (registrant.status === 'inactive') throw new AppError('user_not_active');
    const names = await this.registrations.passkeyNames(app.id, registrant.userId, tx);
    if (refusesUnproven && registrant.unproven && names.length > 0) {
      const code = 'insufficient_user_authentication';
      throw new AppError(code, { told: code });
    }
    if (names.length >= app.maxPasskeysPerUser) throw new AppError('too_many_passkeys');

    const owner = { appId: app.id, userId: registrant.userId, deviceId: uuidv7() };
    const nonce = makeBearerSecret();
    const outcome = await this.registrations.finishRegistration(
      {
        ...this.audit.eventOf({
          type: 'passkey.registered',
          ...owner,
          ...(automatic && { reason: 'automatic' }),
        }),
        ...owner,
        automatic,
        kind: 'register',
        transactionHash,
        handshakeHash,
        handshakeExpiresAt: expiryOf(handshake, app),
        credential,
        ...this.nameFor(credential, names),
        nonceHash: nonce.hash,
        nonceLifetime: app.lifetimes.nonce,
      },
      tx,
    );
    if (outcome === 'not_permitted') throw await this.notPermitted(app.id, handshakeHash, tx);
    if (outcome !== 'stored') throw new FinishRefusal(outcome);
    return nonce.text;
  }

  /** The ceremony that consumed the transaction may be this very one, which then spent the handshake too. */
  private async notPermitted(
    appId: string,
    handshakeHash: Buffer,
    tx: DatabaseTransaction,
  ): Promise<Refusal> {
    const isSpent = await this.spentHandshakes.isSpent(appId, handshakeHash, tx);
    return isSpent ? new FinishRefusal('handshake_spent') : new AppError('transaction_not_found');
  }

  /** A default name that differs from those of the user's other passkeys. */
  private nameFor(
    credential: VerifiedRegistration,
    taken: readonly string[],
  ): Pick<Registration, 'friendlyName' | 'nameCode' | 'createdFrom'> {
    const providerName = this.authenticators.nameOf(credential.aaguid);
    const userAgent = currentRequest()?.userAgent ?? null;
    const { name, code } = defaultPasskeyName({ ...credential, providerName, userAgent });
    const createdFrom = describeUserAgent(userAgent);
    return { friendlyName: numberedName(name, taken), nameCode: code, createdFrom };
  }
}
