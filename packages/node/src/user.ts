import { invalidResponse, isId, isListOf, isObject, read } from './answers.js';
import { isArgs, isSegment, required } from './arguments.js';
import type { Connection } from './connection.js';
import { type PassageUser, toDevice, toUser, type WebAuthnDevice } from './models.js';
import { PassageError, PassageErrorCode } from './passage-error.js';

export interface RevokeDeviceArgs {
  externalId: string;
  deviceId: string;
}

/** Users and their passkeys, by your own ids of users. Every call throws `user_not_found`. */
export class User {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async get(externalId: string): Promise<PassageUser> {
    const id = await this.#find(externalId);
    const answer = await this.#connection.request({ path: ['users', id] });
    const user = toUser(read(answer, 'user', isObject));
    if (user.id === id && user.externalId === externalId) return user;
    throw invalidResponse(200, 'The server told of another user.');
  }

  /** The user's passkeys, oldest first. */
  async listDevices(externalId: string): Promise<WebAuthnDevice[]> {
    const path = ['users', await this.#find(externalId), 'devices'];
    return read(await this.#connection.request({ path }), 'devices', isListOf(isObject)).map(toDevice);
  }

  /** Takes a passkey from the user's account at once. Throws `device_not_found`, also for somebody else's. */
  revokeDevice(externalId: string, deviceId: string): Promise<void>;
  revokeDevice(args: RevokeDeviceArgs): Promise<void>;
  async revokeDevice(first: string | RevokeDeviceArgs, second?: string): Promise<void> {
    const args = isArgs(first) ? first : { externalId: first, deviceId: second };
    const deviceId = required('deviceId', args.deviceId);
    const path = ['users', await this.#find(args.externalId), 'devices', deviceId];
    await this.#connection.request({ method: 'DELETE', path });
  }

  /** The server's id of the user. A server that matches loosely must not make us act on somebody else. */
  async #find(externalId: string): Promise<string> {
    const query = { identifier: required('externalId', externalId) };
    const answer = await this.#connection.request({ path: ['users'], query });
    const users = read(answer, 'users', isListOf(isObject));
    const user = users.find((each) => each['external_id'] === externalId);
    if (!user) throw new PassageError(404, PassageErrorCode.UserNotFound, 'The user does not exist.');
    return read(user, 'id', (id): id is string => isId(id) && isSegment(id));
  }
}
