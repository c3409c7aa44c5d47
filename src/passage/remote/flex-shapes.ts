import { toDisplayText } from '../../http/display-text.js';
import type { Passkey } from '../../flex/devices/passkey.js';
import type { PassageApp, PassageNonce, PassageUser } from '../passage.js';
import { type Answer, malformed } from './answer.js';

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const NOT_EMPTY = /^./s;
/** In either alphabet; no number of bytes takes a group of one character. */
const BASE64 = /^(?=[^=])(?:[\w+/-]{4})*(?:[\w+/-]{2,3})?={0,2}$/;
const USER_HANDLE = /^(?=.{2,86}$)(?:[\w-]{4})*(?:[\w-]{2,3})?$/;
const HTTP_URL = /^https?:\/\//;
/** For a name that is not fit to be shown. */
const NO_NAME = 'Passkey';

/** Whether a text can be an id at all, and stand in a path as it is. */
export const isId = (text: string): boolean => ID.test(text);

/** The id of a user. */
export const toUserId = (user: Answer): string => user.text('id', ID);

/** The protocol's `user`, listed or single. */
export const toUser = (user: Answer): PassageUser => {
  const loginCount = user.count('login_count');
  return {
    id: toUserId(user),
    externalId: user.text('external_id'),
    status: user.oneOf('status', ['active', 'inactive', 'pending']),
    loginCount,
    lastLoginAt: lastUse(user, loginCount),
    createdAt: user.moment('created_at'),
    updatedAt: user.moment('updated_at'),
  };
};

/** The protocol's `device`; our own members are null or empty where they are not told. */
const toDevice = (device: Answer): Passkey => {
  const usageCount = device.count('usage_count');
  const icons = device.maybeObject('icons');
  return {
    id: device.text('id', ID),
    credId: Buffer.from(device.text('cred_id', BASE64), 'base64').toString('base64url'),
    friendlyName: toDisplayText(device.text('friendly_name')) ?? NO_NAME,
    type: device.oneOf('type', ['passkey', 'security_key', 'platform']),
    icons: {
      light: icons?.maybeText('light', HTTP_URL) ?? null,
      dark: icons?.maybeText('dark', HTTP_URL) ?? null,
    },
    usageCount,
    lastLoginAt: lastUse(device, usageCount),
    createdAt: device.moment('created_at'),
    updatedAt: device.moment('updated_at'),
    provider: toDisplayText(device.maybeText('provider') ?? ''),
    synced: device.maybeFlag('synced'),
    transports: device.maybeTexts('transports'),
  };
};

/** The one passkey that was asked for. Throws an `Outage` if it is another. */
export const toDeviceOf =
  (id: string) =>
  (answer: Answer): Passkey =>
    expectId(id, toDevice(answer.object('device')));

/** All that is told of one user's passkeys, oldest first. Throws an `Outage` if it is of anybody else. */
export const toDevicesOf = (id: string, externalId: string) => (answer: Answer) => {
  const user = answer.object('user');
  if (user.text('id') !== id || user.text('external_id') !== externalId) throw malformed();
  const devices = user.list('webauthn_devices').map(toDevice);
  return {
    devices: devices.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()),
    userHandle: user.maybeText('user_handle', USER_HANDLE),
  };
};

/** The protocol's `app`. Throws an `Outage` if it is another. */
export const toAppOf =
  (id: string) =>
  (answer: Answer): PassageApp => {
    const app = answer.object('app');
    return expectId(id, {
      id: app.text('id'),
      name: app.text('name'),
      rpId: app.maybeText('rp_id', /^[a-z0-9.-]{1,253}$/),
      origins: [app.text('auth_origin'), ...app.maybeTexts('additional_auth_origins')].flatMap(originIn),
    });
  };

/** What a nonce proved. */
export const toNonce = (answer: Answer): PassageNonce => ({
  externalId: answer.text('external_id', NOT_EMPTY),
  kind: answer.maybeOneOf('kind', ['register', 'authenticate']),
  deviceId: answer.maybeText('device_id', ID),
});

/** A transaction's id, opaque to us. */
export const toTransactionId = (answer: Answer): string => answer.text('transaction_id', NOT_EMPTY);

function expectId<T extends { readonly id: string }>(id: string, given: T): T {
  if (given.id !== id) throw malformed();
  return given;
}

/** The protocol has a moment there also before the first use. */
const lastUse = (answer: Answer, count: number): Date | null =>
  count === 0 ? null : answer.moment('last_login_at');

/** A web origin, spelled as browsers do; none for whatever is no web origin. */
function originIn(text: string): string[] {
  const url = URL.parse(text);
  return url && HTTP_URL.test(url.href) ? [url.origin] : [];
}
