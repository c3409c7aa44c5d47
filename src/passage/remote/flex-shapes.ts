import type { PassageApp, PassageDevice, PassageNonce, PassageUser } from '../passage.js';
import { type Answer, malformed } from './answer.js';

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const NOT_EMPTY = /^./s;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const HTTP_URL = /^https?:\/\//;

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
export const toDevice = (device: Answer): PassageDevice => {
  const usageCount = device.count('usage_count');
  const icons = device.maybeObject('icons');
  return {
    id: device.text('id', ID),
    credId: Buffer.from(device.text('cred_id', BASE64), 'base64').toString('base64url'),
    friendlyName: device.text('friendly_name'),
    type: device.oneOf('type', ['passkey', 'security_key', 'platform']),
    icons: {
      light: icons?.maybeText('light', HTTP_URL) ?? null,
      dark: icons?.maybeText('dark', HTTP_URL) ?? null,
    },
    usageCount,
    lastLoginAt: lastUse(device, usageCount),
    createdAt: device.moment('created_at'),
    updatedAt: device.moment('updated_at'),
    provider: device.maybeText('provider', NOT_EMPTY),
    synced: device.maybeFlag('synced'),
    transports: device.maybeTexts('transports'),
  };
};

/** All that is told of one user's passkeys, oldest first. Throws an `Outage` if it is of anybody else. */
export const toDevicesOf = (id: string, externalId: string) => (answer: Answer) => {
  const user = answer.object('user');
  if (user.text('id') !== id || user.text('external_id') !== externalId) throw malformed();
  const devices = user.list('webauthn_devices').map(toDevice);
  return {
    devices: devices.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()),
    userHandle: user.maybeText('user_handle', /^[A-Za-z0-9_-]{1,86}$/),
  };
};

/** The protocol's `app`. */
export const toApp = (answer: Answer): PassageApp => {
  const app = answer.object('app');
  return {
    id: app.text('id'),
    name: app.text('name'),
    rpId: app.maybeText('rp_id', /^[a-z0-9.-]{1,253}$/),
    origins: [app.text('auth_origin'), ...app.maybeTexts('additional_auth_origins')].flatMap(originIn),
  };
};

/** What a nonce proved. */
export const toNonce = (answer: Answer): PassageNonce => ({
  externalId: answer.text('external_id', NOT_EMPTY),
  kind: answer.maybeOneOf('kind', ['register', 'authenticate']),
  deviceId: answer.maybeText('device_id', ID),
});

/** A transaction's id, opaque to us. */
export const toTransactionId = (answer: Answer): string => answer.text('transaction_id', NOT_EMPTY);

/** The protocol has a moment there also before the first use. */
const lastUse = (answer: Answer, count: number): Date | null =>
  count === 0 ? null : answer.moment('last_login_at');

/** A web origin, spelled as browsers do; none for whatever is no web origin. */
function originIn(text: string): string[] {
  const url = URL.parse(text);
  return url && HTTP_URL.test(url.href) ? [url.origin] : [];
}
