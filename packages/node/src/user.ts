import { invalidResponse, isId, isListOf, isObject, isText, type Json, read } from './answers.js';
import { invalidArgument, isArgs, required } from './arguments.js';
import type { Connection, FlexRequest } from './connection.js';
import {
  type ListedUser,
  type PassageUser,
  toDevice,
  toListedUser,
  toUser,
  toUserPage,
  type UserPage,
  type UserStatus,
  type WebAuthnDevice,
} from './models.js';
import { PassageError, PassageErrorCode } from './passage-error.js';

/** The arguments of `revokeDevice` in an object. */
export interface RevokeDeviceArgs {
  externalId: string;
  deviceId: string;
}

/** The arguments of `renameDevice`. */
export interface RenameDeviceArgs extends RevokeDeviceArgs {
  friendlyName: string;
}

/** Which users `list` gives. */
export interface ListUsersArgs {
  /** From 1. */
  page?: number | undefined;
  /** 1 to 500; 10 unless told. */
  limit?: number | undefined;
  /** As the page before told it. */
  createdBefore?: number | undefined;
  status?: UserStatus | undefined;
  /** Columns with directions, such as `created_at:DESC,id:ASC`. */
  orderBy?: string | undefined;
}

/** The arguments of `linkIdentity` and `unlinkIdentity`. */
export interface IdentityArgs {
  externalId: string;
  /** The claim `sub` of the user's tokens. */
  subject: string;
  /** The claim `iss`; may be left out where the server knows one issuer. */
  issuer?: string | undefined;
}

/** Users and their passkeys, by your own ids of users. Every call but `find` and `list` throws `user_not_found`. */
export class User {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The user without their passkeys; null if the app has no such user. */
  find(externalId: string): Promise<ListedUser | null> {
    return this.#search(externalId, (user) => (user ? toListedUser(user) : null));
  }

  /** Keyway's own: one page of the app's users, without their passkeys. */
  list({ page, limit, createdBefore, status, orderBy }: ListUsersArgs = {}): Promise<UserPage> {
    const given = { page, limit, created_before: createdBefore, status, order_by: orderBy };
    const query = Object.fromEntries(
      Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    );
    return this.#connection.request({ route: '/users', query }, toUserPage);
  }

  async get(externalId: string): Promise<PassageUser> {
    const id = await this.#idOf(externalId);
    return this.#connection.request({ route: '/users/{user}', ids: [id] }, theUser(id, externalId));
  }

  /** The user's passkeys, oldest first. */
  async listDevices(externalId: string): Promise<WebAuthnDevice[]> {
    const request = { route: '/users/{user}/devices', ids: [await this.#idOf(externalId)] };
    return this.#connection.request(request, (answer) =>
      read(answer, 'devices', isListOf(isObject)).map(toDevice),
    );
  }

  /** Takes a passkey from the user's account at once. Throws `device_not_found`, also for another user's. */
  revokeDevice(externalId: string, deviceId: string): Promise<void>;
  revokeDevice(args: RevokeDeviceArgs): Promise<void>;
  async revokeDevice(first: string | RevokeDeviceArgs, second?: string): Promise<void> {
    const args = isArgs(first) ? first : { externalId: first, deviceId: second };
    const deviceId = required('deviceId', args.deviceId);
    const ids = [await this.#idOf(args.externalId), deviceId];
    await this.#connection.delete({ route: '/users/{user}/devices/{device}', ids });
  }

  /** Keyway's own: gives a passkey another name. Throws `device_not_found`, also for another user's. */
  async renameDevice({ externalId, deviceId, friendlyName }: RenameDeviceArgs): Promise<WebAuthnDevice> {
    const body = { friendly_name: required('friendlyName', friendlyName) };
    const device = required('deviceId', deviceId);
    const ids = [await this.#idOf(externalId), device];
    const request = { method: 'PATCH', route: '/users/{user}/devices/{device}', ids, body } as const;
    return this.#connection.request(request, (answer) => {
      const renamed = toDevice(read(answer, 'device', isObject));
      if (renamed.id === device) return renamed;
      throw invalidResponse(200, 'The server told of another passkey.');
    });
  }

  /** Keyway's own: lets the user hold ceremonies or not; what they began before does not finish either. */
  async setStatus(externalId: string, status: 'active' | 'inactive'): Promise<PassageUser> {
    if (status !== 'active' && status !== 'inactive') {
      throw invalidArgument('status must be active or inactive.');
    }
    const id = await this.#idOf(externalId);
    const request = { method: 'PATCH', route: '/users/{user}', ids: [id], body: { status } } as const;
    return this.#connection.request(request, theUser(id, externalId));
  }

  /** Keyway's own: deletes the user with all passkeys, for good. */
  async erase(externalId: string): Promise<void> {
    await this.#connection.delete({ route: '/users/{user}', ids: [await this.#idOf(externalId)] });
  }

  /**
   * Keyway's own: ties the external ID to an identity: issuer and subject of tokens. Throws `external_id_conflict` if either
   * is tied otherwise, and `operation_not_allowed` for any app but that of the user's API.
   */
  async linkIdentity(args: IdentityArgs): Promise<void> {
    await this.#connection.request({ method: 'PUT', ...toIdentity(args) }, () => undefined);
  }

  /**
   * Keyway's own: unties the two again, for good unless they are linked anew. Throws `user_not_found` if they are not tied,
   * and `operation_not_allowed` as above.
   */
  async unlinkIdentity(args: IdentityArgs): Promise<void> {
    await this.#connection.delete(toIdentity(args));
  }

  /** The server's id of the user. */
  #idOf(externalId: string): Promise<string> {
    return this.#search(externalId, (user) => {
      if (user) return read(user, 'id', isId);
      throw new PassageError(404, PassageErrorCode.UserNotFound, 'The user does not exist.');
    });
  }

  /** A server that matches loosely lists others as well, and must not make us act on another user. */
  async #search<T>(externalId: string, toResult: (user: Json | undefined) => T): Promise<T> {
    const request = { route: '/users', query: { identifier: required('externalId', externalId) } };
    return this.#connection.request(request, (answer) => {
      const users = read(answer, 'users', isListOf(isObject));
      return toResult(users.find((each) => read(each, 'external_id', isText) === externalId));
    });
  }
}

function toIdentity({ externalId, subject, issuer }: IdentityArgs): FlexRequest {
  return {
    route: '/external-users/{external_id}/identity',
    ids: [required('externalId', externalId)],
    body: { subject: required('subject', subject), ...(issuer !== undefined && { issuer }) },
  };
}

/** Reads the user that was asked for. Throws `invalid_response` if it is another. */
const theUser =
  (id: string, externalId: string) =>
  (answer: Json): PassageUser => {
    const user = toUser(read(answer, 'user', isObject));
    if (user.id === id && user.externalId === externalId) return user;
    throw invalidResponse(200, 'The server told of another user.');
  };
