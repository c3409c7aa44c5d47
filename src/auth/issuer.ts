import type { KeyObject } from 'node:crypto';
import type { CryptoKey } from 'jose';
import type { TokenAlgorithm, TokenIssuer } from '../config/configuration.js';
import { keySetSource } from './key-set-source.js';
import { RemoteKeySet } from './remote-key-set.js';
import { TokenRefusal } from './token-refusal.js';

/** What a token says of the key that signed it. */
export interface TokenHeader {
  readonly alg: TokenAlgorithm;
  readonly kid: string | undefined;
}

export type VerificationKey = KeyObject | CryptoKey;

/** The keys that may have signed a token of one issuer; throws a `TokenRefusal` where there are none. */
export type KeysFor = (
  header: TokenHeader,
) => readonly VerificationKey[] | Promise<readonly VerificationKey[]>;

export interface Issuer {
  readonly name: string;
  readonly audience: string;
  readonly keysFor: KeysFor;
}

/** How the keys of an issuer are found. */
export function keysOf({ name, keys }: TokenIssuer): KeysFor {
  if (keys.kind !== 'given') {
    const set = new RemoteKeySet(keySetSource({ name, keys }));
    return async (header) => [await set.find(header)];
  }
  const usable = new Map<TokenAlgorithm, VerificationKey[]>();
  for (const { key, algorithms } of keys.keys) {
    for (const alg of algorithms) usable.set(alg, [...(usable.get(alg) ?? []), key]);
  }
  return ({ alg }) => {
    const keys = usable.get(alg);
    if (!keys) throw new TokenRefusal('unknown_key');
    return keys;
  };
}
