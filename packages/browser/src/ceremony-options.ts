import { toBytes } from './credentials.js';

type Json = Readonly<Record<string, unknown>>;

/** Whether a browser can be asked to create a passkey with these options of a server's. */
export function isCreationOptions(value: unknown): value is PublicKeyCredentialCreationOptionsJSON {
  if (!isObject(value)) return false;
  const { rp, user, pubKeyCredParams, excludeCredentials } = value;
  return (
    isChallenge(value) &&
    isObject(rp) &&
    isText(rp['name']) &&
    isObject(user) &&
    isBinary(user['id']) &&
    isText(user['name']) &&
    isText(user['displayName']) &&
    isListOf(isAlgorithm, pubKeyCredParams) &&
    isListOf(isCredential, excludeCredentials ?? [])
  );
}

/** Whether a browser can be asked for a passkey with these options of a server's. */
export function isRequestOptions(value: unknown): value is PublicKeyCredentialRequestOptionsJSON {
  return isObject(value) && isChallenge(value) && isListOf(isCredential, value['allowCredentials'] ?? []);
}

const isChallenge = ({ challenge, timeout }: Json) =>
  isBinary(challenge) && typeof (timeout ?? 0) === 'number';

const isAlgorithm = (value: unknown) =>
  isObject(value) && isText(value['type']) && typeof value['alg'] === 'number';

const isCredential = (value: unknown) => isObject(value) && isText(value['type']) && isBinary(value['id']);

const isListOf = (isOne: (value: unknown) => boolean, value: unknown) =>
  Array.isArray(value) && value.every(isOne);

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

const isText = (value: unknown): value is string => typeof value === 'string';

/** Whether it can be decoded: base64url, of one byte at least. */
function isBinary(value: unknown): boolean {
  try {
    return isText(value) && toBytes(value).byteLength > 0;
  } catch {
    return false;
  }
}
