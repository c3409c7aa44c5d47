import { createPublicKey, type KeyObject } from 'node:crypto';
import type { TokenAlgorithm, TokenKey } from './configuration.js';

const MIN_RSA_BITS = 2048;
const RSA: readonly TokenAlgorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const BY_CURVE: Readonly<Record<string, TokenAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END [A-Z0-9 ]+-----/g;

/** Verification keys with the algorithms that each can serve; or what JWT_PUBLIC_KEY has to be. */
export type PublicKeys = { readonly keys: readonly TokenKey[] } | { readonly problem: string };

/**
 * Reads PEM public keys (SPKI or PKCS #1), one after another and all of one type; newlines may also be written as `\n`.
 * Refuses all other keys.
 */
export function readPublicKeys(text: string): PublicKeys {
  const pem = text.includes('\n') ? text : text.replaceAll('\\n', '\n');
  const labels = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label]) => label);
  if (labels.some((label) => label?.endsWith('PRIVATE KEY'))) {
    return refuse(
      'public keys alone: it holds a private key, which belongs to the issuer of the tokens alone',
    );
  }
  if (labels.includes('CERTIFICATE')) {
    return refuse('the public key of the certificate: take it out with openssl x509 -pubkey -noout');
  }
  if (labels.length === 0) {
    return refuse('public keys in PEM form, each of which begins with -----BEGIN PUBLIC KEY-----');
  }
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length !== labels.length) return refuse(UNREADABLE);
  const keys: TokenKey[] = [];
  for (const [block] of blocks) {
    const found = readKey(block);
    if ('problem' in found) return found;
    keys.push(found);
  }
  const types = new Set(keys.map(({ key }) => key.asymmetricKeyType));
  return types.size === 1 ? { keys } : refuse('keys of one type: RSA, EC and Ed25519 are mixed');
}

type ReadKey = TokenKey | { readonly problem: string };

function readKey(pem: string): ReadKey {
  try {
    return describe(createPublicKey({ key: pem, format: 'pem' }));
  } catch {
    return refuse(UNREADABLE);
  }
}

function describe(key: KeyObject): ReadKey {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength < MIN_RSA_BITS) return refuse(`an RSA key of at least ${MIN_RSA_BITS} bits`);
    return { key, algorithms: RSA };
  }
  if (key.asymmetricKeyType === 'ec') {
    const algorithm = BY_CURVE[namedCurve];
    return algorithm
      ? { key, algorithms: [algorithm] }
      : refuse('an EC key on the curve P-256, P-384 or P-521');
  }
  if (key.asymmetricKeyType === 'ed25519') return { key, algorithms: ['EdDSA'] };
  return refuse('an RSA, EC or Ed25519 key');
}

const UNREADABLE = 'public keys in PEM form that are whole: one cannot be read';

const refuse = (what: string) => ({ problem: `Set JWT_PUBLIC_KEY to ${what}.` });
