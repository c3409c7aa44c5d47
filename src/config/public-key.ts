import { createPublicKey, type KeyObject } from 'node:crypto';
import type { TokenAlgorithm } from './configuration.js';

const MIN_RSA_BITS = 2048;
const RSA: readonly TokenAlgorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const BY_CURVE: Readonly<Record<string, TokenAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** A verification key with the algorithms it can serve, the usual one first; or what JWT_PUBLIC_KEY has to be. */
export type PublicKey =
  { readonly key: KeyObject; readonly algorithms: readonly TokenAlgorithm[] } | { readonly problem: string };

/** Reads one PEM public key (SPKI or PKCS #1), whose newlines may also be written as `\n`; refuses all other keys. */
export function readPublicKey(text: string): PublicKey {
  const pem = text.includes('\n') ? text : text.replaceAll('\\n', '\n');
  const labels = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label]) => label);
  if (labels.some((label) => label?.endsWith('PRIVATE KEY'))) {
    return refuse(
      'the public key alone: it holds a private key, which belongs to the issuer of the tokens alone',
    );
  }
  if (labels.includes('CERTIFICATE')) {
    return refuse('the public key of the certificate: take it out with openssl x509 -pubkey -noout');
  }
  if (labels.length !== 1)
    return refuse('one public key in PEM form, which begins with -----BEGIN PUBLIC KEY-----');
  try {
    return describe(createPublicKey({ key: pem, format: 'pem' }));
  } catch {
    return refuse('a public key in PEM form that is whole: this one cannot be read');
  }
}

function describe(key: KeyObject): PublicKey {
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

const refuse = (what: string): PublicKey => ({ problem: `Set JWT_PUBLIC_KEY to ${what}.` });
