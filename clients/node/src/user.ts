import { required } from './arguments.js';
import { type Connection, invalidResponse } from './connection.js';
import {
  type DeviceJson,
  type PassageUser,
  toDevice,
  toUser,
  type UserJson,
  type WebAuthnDevice,
} from './models.js';
import { PassageError, PassageErrorCode } from './passage-error.js';

export interface RevokeDeviceArgs {
  readonly externalId: string;
  readonly deviceId: string;
}

/** Users and their passkeys, by your own ids of users. Every call throws `user_not_found`. */
export class User {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async get(externalId: string): Promise<PassageUser> {
    const id = await this.#find(externalId);
    const { user } = (await this.#connection.request({ path: ['users', id] })) as { user?: UserJson };
    if (user?.external_id !== externalId) throw invalidResponse(200, 'The server told of another user.');
    return toUser(user);
  }

  /** The user's passkeys, oldest first. */
  async listDevices(externalId: string): Promise<WebAuthnDevice[]> {
    const path = ['users', await this.#find(externalId), 'devices'];
    const { devices } = (await this.#connection.request({ path })) as { devices?: DeviceJson[] };
    if (!Array.isArray(devices)) throw invalidResponse(200, 'The server told of no passkeys.');
    return devices.map(toDevice);
  }

  /** Takes a passkey from the user's account at once. Throws `device_not_found`, also for somebody else's. */
  revokeDevice(externalId: string, deviceId: string): Promise<void>;
  revokeDevice(args: RevokeDeviceArgs): Promise<void>;
  async revokeDevice(first: string | RevokeDeviceArgs, second?: string): Promise<void> {
    const args =
      typeof first === 'object' && first !== null ? first : { externalId: first, deviceId: second };
    const deviceId = required('deviceId', args.deviceId);
    const path = ['users', await this.#find(args.externalId), 'devices', deviceId];
    await this.#connection.request({ method: 'DELETE', path });
  }

  /** The server's id of the user. A server that matches loosely must not make us act on somebody else. */
  async #find(externalId: string): Promise<string> {
    const query = { identifier: required('externalId', externalId) };
    const { users } = (await this.#connection.request({ path: ['users'], query })) as { users?: UserJson[] };
    if (!Array.isArray(users)) throw invalidResponse(200, 'The server told of no users.');
    const user = users.find(({ external_id }) => external_id === externalId);
    if (!user) throw new PassageError(404, PassageErrorCode.UserNotFound, 'The user does not exist.');
    return required('The user’s id', user.id);
  }
}
