import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import type { Passkey, UserPasskeys } from '../../flex/devices/passkey.js';
import { Passage, type PassageApp, type PassageNonce, type PassageUser } from '../passage.js';
import type { Answer } from './answer.js';
import { FlexClient, type FlexRequests } from './flex-client.js';
import { isId, toDeviceOf, toDevicesOf, toNonce, toTransactionId, toUser, toUserId } from './flex-shapes.js';
import { RemoteApp } from './remote-app.js';

const NO_DEVICES: UserPasskeys = { devices: [], rpId: null, userHandle: null };
const NO_SUCH_DEVICE = {
  '404 device_not_found': 'device_not_found',
  '404 user_not_found': 'device_not_found',
} as const;

/** The provider over HTTP: an app on any server that speaks the Flex protocol, such as another Keyway. */
@Injectable()
export class RemotePassage extends Passage {
  readonly appId: string;
  readonly flexUrl: string;

  constructor(
    private readonly flex: FlexClient,
    private readonly app: RemoteApp,
  ) {
    super();
    this.appId = flex.appId;
    this.flexUrl = flex.baseUrl;
  }

  override async getDevices(externalId: string): Promise<UserPasskeys> {
    return this.flex.ask(async (requests) => {
      const id = await findUser(requests, externalId, toUserId);
      if (id === null) return NO_DEVICES;
      const [user, { rpId }] = await Promise.all([
        // The user may have been erased since they were found.
        requests.find(`/users/${id}`, toDevicesOf(id, externalId)),
        this.app.recent(),
      ]);
      return user ? { ...user, rpId } : NO_DEVICES;
    });
  }

  override async revokeDevice(externalId: string, deviceId: string): Promise<void> {
    return this.flex.ask(async (requests) => {
      const path = await pathOfDevice(requests, externalId, deviceId);
      return requests.delete(path, { ...NO_SUCH_DEVICE, '403 operation_not_allowed': 'access_denied' });
    });
  }

  override async renameDevice(externalId: string, deviceId: string, friendlyName: string): Promise<Passkey> {
    return this.flex.ask(async (requests) => {
      const path = await pathOfDevice(requests, externalId, deviceId);
      return requests.patch(path, { friendly_name: friendlyName }, toDeviceOf(deviceId), {
        ...NO_SUCH_DEVICE,
        '400 invalid_request': 'invalid_request',
        '403 operation_not_allowed': 'access_denied',
        // The route is an addition of ours: these are how the protocol says that it is not there.
        '404 invalid_request': 'access_denied',
        '405 invalid_request': 'access_denied',
      });
    });
  }

  override async createRegisterTransaction(externalId: string, passkeyDisplayName: string): Promise<string> {
    const body = { external_id: externalId, passkey_display_name: passkeyDisplayName };
    return this.flex.ask((requests) =>
      requests.post('/transactions/register', body, toTransactionId, {
        '400 invalid_request': 'invalid_request',
        '403 cannot_create_transaction': 'access_denied',
        '403 operation_not_allowed': 'too_many_passkeys',
        '403 user_not_active': 'user_not_active',
        // Erased at that very moment.
        '404 user_not_found': 'user_not_found',
      }),
    );
  }

  override async createAuthenticateTransaction(externalId: string): Promise<string> {
    const body = { external_id: externalId };
    return this.flex.ask((requests) =>
      requests.post('/transactions/authenticate', body, toTransactionId, {
        '403 cannot_create_transaction': 'access_denied',
        '403 operation_not_allowed': 'access_denied',
        '403 user_not_active': 'user_not_active',
        '404 user_not_found': 'user_not_found',
        '409 user_has_no_passkeys': 'user_has_no_passkeys',
      }),
    );
  }

  override async verifyNonce(nonce: string): Promise<PassageNonce> {
    return this.flex.ask((requests) =>
      requests.post('/authenticate/verify', { nonce }, toNonce, {
        '400 invalid_request': 'invalid_nonce',
        '401 invalid_nonce': 'invalid_nonce',
      }),
    );
  }

  override async getUser(externalId: string): Promise<PassageUser | null> {
    return this.flex.ask((requests) => findUser(requests, externalId, toUser));
  }

  override getApp(): Promise<PassageApp> {
    return this.app.get();
  }
}

/** Null if the app has no such user. A server that matches loosely lists others as well: they are passed over. */
async function findUser<T>(
  requests: FlexRequests,
  externalId: string,
  read: (user: Answer) => T,
): Promise<T | null> {
  if (externalId === '' || !externalId.isWellFormed()) return null;
  return requests.find(`/users?identifier=${encodeURIComponent(externalId)}`, (answer) => {
    const user = answer.list('users').find((it) => it.text('external_id') === externalId);
    return user ? read(user) : null;
  });
}

async function pathOfDevice(requests: FlexRequests, externalId: string, deviceId: string): Promise<string> {
  const id = isId(deviceId) ? await findUser(requests, externalId, toUserId) : null;
  if (id === null) throw new AppError('device_not_found');
  return `/users/${id}/devices/${deviceId}`;
}
