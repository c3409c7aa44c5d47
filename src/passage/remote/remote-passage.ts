import { Injectable } from '@nestjs/common';
import {
  type ListedUser,
  PassageError,
  PassageErrorCode,
  type PassageFlex,
  UserStatus,
  type WebAuthnDevice,
  WebAuthnType,
} from '@passageidentity/passage-flex-node';
import { AppError } from '../../errors/app-error.js';
import type { Passkey, UserPasskeys } from '../../flex/devices/passkey.js';
import { toDisplayText } from '../../http/display-text.js';
import type { HistoryPage, HistoryQuery } from '../history.js';
import {
  type ActingIdentity,
  type ActingPerson,
  type ErasedUser,
  Passage,
  type PassageApp,
  type PassageNonce,
  type PassageUser,
  type RegisterTransactionOptions,
  type StepUpFor,
  type StepUpPolicy,
  type UserRules,
} from '../passage.js';
import { type Meanings, Provider } from './provider.js';
import { RemoteApp } from './remote-app.js';

/** For a name that is not fit to be shown. */
const NO_NAME = 'Passkey';

const NO_SUCH_USER: Meanings = {
  invalid_argument: 'user_not_found',
  'GET 404 user_not_found': 'user_not_found',
};

/** The app does not allow it, or the user has as many passkeys as they may; one is open, or there were five in a day. */
const UPGRADE_REFUSED: Meanings = {
  'POST 403 operation_not_allowed': 'access_denied',
  'POST 429 exceeded_attempts': 'too_many_requests',
};

/** Of both kinds of transaction; what a server does not explain is its own business. */
const CANNOT_CREATE: Meanings = {
  'POST 403 cannot_create_transaction': 'access_denied',
  'POST 403 cannot_create_transaction user_not_active': 'user_not_active',
  'POST 403 user_not_active': 'user_not_active',
};

/** Of the acts of persons: the app asks for step-up. */
const stepUpNeeded = (method: 'POST' | 'DELETE'): Meanings => ({
  [`${method} 403 operation_not_allowed insufficient_user_authentication`]:
    'insufficient_user_authentication',
});

/** The provider over HTTP: an app on any server that speaks the Flex protocol, such as another Keyway. */
@Injectable()
export class RemotePassage extends Passage {
  readonly appId: string;
  readonly flexUrl: string;
  /** The protocol's transaction has one text. */
  readonly showsUsernames = false;

  constructor(
    private readonly provider: Provider,
    private readonly app: RemoteApp,
  ) {
    super();
    this.appId = provider.appId;
    this.flexUrl = provider.baseUrl;
  }

  override async getDevices(externalId: string): Promise<UserPasskeys> {
    const app = this.app.known();
    // Waited for below, if at all.
    app.catch(() => undefined);
    const asked = this.provider.ask(async ({ user }) => {
      const { webauthnDevices, signalUserHandles } = await user.get(externalId);
      return { devices: webauthnDevices.map(toPasskey).sort(oldestFirst), signalUserHandles };
    }, NO_SUCH_USER);
    const passkeys = await asked.catch(nullIfNobody);
    if (!passkeys) {
      return { devices: [], ...(await this.recentRules()), rpId: null, signalUserHandles: [] };
    }
    const { rpId, maxPasskeysPerUser: limit, lastPasskey } = await app;
    return { ...passkeys, limit, lastPasskey, rpId };
  }

  override recentRules(): Promise<UserRules> {
    const { maxPasskeysPerUser: limit = null, lastPasskey = null } = this.app.lastKnown ?? {};
    return Promise.resolve({ limit, lastPasskey });
  }

  override async stepUpPolicy(): Promise<StepUpPolicy> {
    return (await this.app.known()).stepUp;
  }

  override async revokeDevice(externalId: string, deviceId: string, person?: ActingPerson): Promise<void> {
    const meanings: Meanings = {
      ...noSuchDevice('DELETE'),
      'DELETE 403 operation_not_allowed': 'access_denied',
      'DELETE 403 operation_not_allowed last_passkey': 'last_passkey',
      ...stepUpNeeded('DELETE'),
    };
    return this.provider.ask(({ user }) => user.revokeDevice(externalId, deviceId), meanings, person?.stepUp);
  }

  override async renameDevice(externalId: string, deviceId: string, friendlyName: string): Promise<Passkey> {
    const args = { externalId, deviceId, friendlyName };
    return this.provider.ask(async ({ user }) => toPasskey(await user.renameDevice(args)), {
      ...noSuchDevice('PATCH'),
      'PATCH 400 invalid_request': 'invalid_request',
      'PATCH 403 operation_not_allowed': 'access_denied',
      // The route is an addition of ours: these are how the protocol says that it is not there.
      'PATCH 404 invalid_request': 'access_denied',
      'PATCH 405 invalid_request': 'access_denied',
    });
  }

  override async createRegisterTransaction(
    externalId: string,
    passkeyDisplayName: string,
    { conditional = false, tiedTo }: RegisterTransactionOptions = {},
  ): Promise<string> {
    const args = { externalId, passkeyDisplayName, conditional };
    const meanings: Meanings = {
      invalid_argument: 'invalid_request',
      'POST 400 invalid_request': 'invalid_request',
      ...CANNOT_CREATE,
      'POST 403 cannot_create_transaction too_many_passkeys': 'too_many_passkeys',
      // As Keyway answered before version 1.
      'POST 403 operation_not_allowed': 'too_many_passkeys',
      // Erased at that very moment.
      'POST 404 user_not_found': 'user_not_found',
      ...(conditional && UPGRADE_REFUSED),
      ...stepUpNeeded('POST'),
    };
    return this.provider.ask(({ auth }) => auth.createRegisterTransaction(args), meanings, tiedTo?.stepUp);
  }

  override async createAuthenticateTransaction(
    externalId: string,
    _tiedTo?: ActingIdentity,
    stepUp?: StepUpFor,
  ): Promise<string> {
    return this.provider.ask(({ auth }) => auth.createAuthenticateTransaction({ externalId, stepUp }), {
      // Where something is made of it at all, the target is missing or too much.
      ...(stepUp && { 'POST 400 invalid_request': 'invalid_request' }),
      invalid_argument: 'user_not_found',
      ...CANNOT_CREATE,
      'POST 403 operation_not_allowed': 'access_denied',
      'POST 404 user_not_found': 'user_not_found',
      'POST 409 user_has_no_passkeys': 'user_has_no_passkeys',
    });
  }

  override async eraseUser(externalId: string, person: ActingPerson): Promise<ErasedUser> {
    const { rpId } = await this.app.known();
    const { signalUserHandles } = await this.provider.ask(({ user }) => user.get(externalId), NO_SUCH_USER);
    const meanings: Meanings = {
      ...NO_SUCH_USER,
      'DELETE 404 user_not_found': 'user_not_found',
      'DELETE 403 operation_not_allowed': 'access_denied',
      // The route is an addition of ours: these are how the protocol says that it is not there.
      'DELETE 404 invalid_request': 'access_denied',
      'DELETE 405 invalid_request': 'access_denied',
      ...stepUpNeeded('DELETE'),
    };
    await this.provider.ask(({ user }) => user.erase(externalId), meanings, person.stepUp);
    return { rpId, signalUserHandles };
  }

  override async verifyNonce(nonce: string): Promise<PassageNonce> {
    const verify = async ({ auth }: PassageFlex): Promise<PassageNonce> => {
      const { externalId, kind, deviceId } = await auth.verify(nonce);
      return { externalId, kind, deviceId };
    };
    return this.provider.ask(verify, {
      invalid_argument: 'invalid_nonce',
      'POST 400 invalid_request': 'invalid_nonce',
      'POST 401 invalid_nonce': 'invalid_nonce',
    });
  }

  /** The provider's app does not tell. */
  override allowsUpgrades(): Promise<boolean> {
    return Promise.resolve(true);
  }

  override getHistory(externalId: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.provider.ask(({ events }) => events.list({ ...query, externalId }), {
      'GET 400 invalid_request': 'invalid_request',
      'GET 403 operation_not_allowed': 'access_denied',
      // The route is an addition of ours: these are how the protocol says that it is not there.
      'GET 404 invalid_request': 'access_denied',
      'GET 405 invalid_request': 'access_denied',
    });
  }

  override async getUser(externalId: string): Promise<PassageUser | null> {
    const asked = this.provider.ask(async ({ user }) => {
      const found = await user.find(externalId);
      return found && toUser(found);
    }, NO_SUCH_USER);
    return asked.catch(nullIfNobody);
  }

  override getApp(): Promise<PassageApp> {
    return this.app.get();
  }
}

/** Of a call that names a passkey by its user: the look-up of the user says the same. */
const noSuchDevice = (method: 'DELETE' | 'PATCH'): Meanings => ({
  invalid_argument: 'device_not_found',
  'GET 404 user_not_found': 'device_not_found',
  [`${method} 404 user_not_found`]: 'device_not_found',
  [`${method} 404 device_not_found`]: 'device_not_found',
});

function nullIfNobody(error: unknown): null {
  if (error instanceof AppError && error.code === 'user_not_found') return null;
  throw error;
}

const oldestFirst = (a: Passkey, b: Passkey): number => a.createdAt.getTime() - b.createdAt.getTime();

const toPasskey = (device: WebAuthnDevice): Passkey => ({
  ...device,
  friendlyName: toDisplayText(device.friendlyName) ?? NO_NAME,
  type: oneOf(Object.values(WebAuthnType), device.type),
  icons: { light: iconUrl(device.icons.light), dark: iconUrl(device.icons.dark) },
  // The protocol has a moment there also before the first use.
  lastLoginAt: device.usageCount === 0 ? null : device.lastLoginAt,
  provider: toDisplayText(device.provider ?? ''),
  // The protocol's device has no members for these.
  nameCode: null,
  automatic: null,
  createdFrom: null,
  lastUsedFrom: null,
});

const toUser = ({ userMetadata: _not, ...user }: ListedUser): PassageUser => ({
  ...user,
  status: oneOf(Object.values(UserStatus), user.status),
  lastLoginAt: user.loginCount === 0 ? null : user.lastLoginAt,
});

/** What the client lets through, as a later server may know more; we do not. */
function oneOf<T extends string>(values: readonly T[], value: T): T {
  if (values.includes(value)) return value;
  throw new PassageError(200, PassageErrorCode.InvalidResponse, 'The server’s answer has an unknown kind.');
}

/** What an `<img>` can show: a URL, or a picture in a data URI, as an app with `icons: data` has it. */
const iconUrl = (url: string | null): string | null =>
  url && /^(?:https?:\/\/|data:image\/svg\+xml;base64,)/.test(url) ? url : null;
