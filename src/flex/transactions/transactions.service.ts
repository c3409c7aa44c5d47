import { Injectable } from '@nestjs/common';
import { Database, type DatabaseTransaction, type Queryable } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { Ties } from '../../users/ties.js';
import type { Identity } from '../../users/user.repository.js';
import type { AppPolicy } from '../apps/app.js';
import { AppPolicies } from '../apps/app-policies.js';
import { makeBearerSecret } from '../bearer-secret.js';
import { DeviceRepository } from '../devices/device.repository.js';
import type { StepUp, StepUpAct } from '../step-up/step-up.js';
import { StepUps } from '../step-up/step-ups.js';
import { FlexUserRepository } from '../users/flex-user.repository.js';
import { TransactionRepository } from './transaction.repository.js';
import { UpgradeOfferRepository } from './upgrade-offer.repository.js';

const TARGET = 'A step-up to a revocation names the passkey as its target, and no other act has one.';

/** What kind of registration a transaction permits. */
export interface RegisterOptions {
  /** The identity that acts for itself, if one does. */
  readonly tiedTo?: Identity | undefined;
  /** What authenticators show as the account's name; absent where the display name stands for it. */
  readonly username?: string;
  /** An automatic upgrade: the passkey may be created without asking the user (WebAuthn Level 3, conditional creation). */
  readonly conditional?: boolean;
  /** How the person who acts for themself has stepped up; absent where an app's server acts. */
  readonly stepUp?: StepUp | undefined;
}

/** What a sign-in is asked for. */
export interface AuthenticateOptions {
  /** The identity that acts for itself, if one does. */
  readonly tiedTo?: Identity | undefined;
  /** The act that it is the step-up for; its nonce is then good for that alone. */
  readonly stepUp?: StepUpFor | undefined;
}

/** One act on the user's own account: `target` is the id of the passkey to be revoked, and null for the other acts. */
export interface StepUpFor {
  readonly act: StepUpAct;
  readonly target: string | null;
}

/** Makes transactions, on behalf of the application's server. */
@Injectable()
export class TransactionsService {
  constructor(
    private readonly database: Database,
    private readonly apps: AppPolicies,
    private readonly users: FlexUserRepository,
    private readonly devices: DeviceRepository,
    private readonly transactions: TransactionRepository,
    private readonly ties: Ties,
    private readonly upgradeOffers: UpgradeOfferRepository,
    private readonly stepUps: StepUps,
  ) {}

  /**
   * Permits a user to register one passkey, and makes the user if the external ID is new. Answers with the transaction
   * id, which is told only here. Throws `app_not_found`, `user_not_active`, `too_many_passkeys`, and `user_not_found` if
   * the user is erased at this moment, or not tied (any more) to the identity that acts, if one does; a conditional one
   * (automatic upgrade) also `access_denied` if the app does not allow it, and `too_many_requests` if the user has another
   * one open or was given five in a day; of a person `insufficient_user_authentication`, if it is not their first passkey.
   */
  async createRegister(
    appId: string,
    externalId: string,
    displayName: string,
    { tiedTo, username, conditional = false, stepUp = 'done' }: RegisterOptions = {},
  ): Promise<string> {
    const app = await this.apps.get(appId);
    if (conditional && app.conditionalCreate === 'off') throw new AppError('access_denied');
    const work = this.database.transaction(async (tx) => {
      if (!(await this.ties.hold({ externalId, tiedTo }, tx))) throw untied();
      const user = await this.users.findOrCreate(appId, externalId, tx);
      if (conditional) await this.requireFewUpgrades({ appId, id: user.id }, tx);
      if (user.status === 'inactive') throw new AppError('user_not_active');
      // A nonce is used up under the user's lock, which comes before it.
      if (typeof stepUp === 'object') await this.users.lockUser({ appId, id: user.id }, tx);
      const passkeys = await this.devices.countOf(appId, user.id, tx);
      if (passkeys >= app.maxPasskeysPerUser) throw new AppError('too_many_passkeys');
      const isNeeded = app.stepUp !== 'off' && passkeys > 0;
      const use = { appId, userId: user.id, act: 'add', target: null } as const;
      await this.stepUps.require(stepUp, { ...use, isNeeded }, tx);
      if (!user.userHandleSettled) await this.users.settleHandle({ appId, id: user.id }, tx);
      const { text, hash } = makeBearerSecret();
      const lifetime = app.lifetimes.registerTransaction;
      const transaction = {
        hash,
        appId,
        userId: user.id,
        kind: 'register',
        displayName,
        username: username ?? null,
        conditional,
        unproven: stepUp === 'missing',
        act: null,
        target: null,
        lifetime,
      } as const;
      if (!(await this.transactions.create(transaction, tx))) throw erasedMeanwhile();
      return text;
    });
    return this.stepUps.auditing(work);
  }

  /**
   * Permits a user to sign in once. Throws `app_not_found`, `user_not_found`, also if they are not tied (any more) to the
   * identity that acts, `user_not_active`, `user_has_no_passkeys`, `invalid_request` for a step-up to an act without its
   * target.
   */
  async createAuthenticate(
    appId: string,
    externalId: string,
    { tiedTo, stepUp }: AuthenticateOptions = {},
  ): Promise<string> {
    if (stepUp && (stepUp.act === 'revoke') !== (stepUp.target !== null)) {
      throw new AppError('invalid_request', { detail: TARGET });
    }
    const app = await this.apps.get(appId);
    if (!tiedTo) return this.permitSignIn(app, { externalId, stepUp }, this.database);
    return this.database.transaction(async (tx) => {
      if (!(await this.ties.hold({ externalId, tiedTo }, tx))) throw untied();
      return this.permitSignIn(app, { externalId, stepUp }, tx);
    });
  }

  private async permitSignIn(
    app: AppPolicy,
    { externalId, stepUp }: { readonly externalId: string; readonly stepUp: StepUpFor | undefined },
    on: Queryable,
  ): Promise<string> {
    const appId = app.id;
    const user = await this.users.find(appId, { externalId }, on);
    if (!user) throw new AppError('user_not_found');
    if (user.status === 'inactive') throw new AppError('user_not_active');
    if ((await this.devices.countOf(appId, user.id, on)) === 0) throw new AppError('user_has_no_passkeys');
    const { text, hash } = makeBearerSecret();
    const lifetime = app.lifetimes.authenticateTransaction;
    const transaction = {
      hash,
      appId,
      userId: user.id,
      kind: 'authenticate',
      displayName: null,
      username: null,
      conditional: false,
      unproven: false,
      act: stepUp?.act ?? null,
      target: stepUp?.target ?? null,
      lifetime,
    } as const;
    if (!(await this.transactions.create(transaction, on))) throw erasedMeanwhile();
    return text;
  }

  /** Under the user's lock, which it takes: of two that race for the last one, one is refused. */
  private async requireFewUpgrades(
    user: { readonly appId: string; readonly id: string },
    tx: DatabaseTransaction,
  ): Promise<void> {
    if (!(await this.users.lockUser(user, tx))) throw erasedMeanwhile();
    const wait = await this.upgradeOffers.offer(user, tx);
    if (wait !== null) throw new AppError('too_many_requests', { retryAfter: wait });
  }
}

const erasedMeanwhile = (): AppError => new AppError('user_not_found');
const untied = (): AppError => new AppError('user_not_found');
