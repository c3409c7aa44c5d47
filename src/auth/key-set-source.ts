import { isPrivateAddress, isPublicAddress } from '../config/addresses.js';
import type { TokenIssuer } from '../config/configuration.js';
import type { AddressRule } from '../http/address-rule.js';
import { download, DownloadError } from './download.js';

/** Why keys cannot be had, as the log says it; `docs/codes.md` explains each. */
export const KEY_SET_REASONS = [
  // the issuer's document
  'discovery_unreachable',
  'discovery_refused',
  'discovery_too_large',
  'discovery_malformed',
  'discovery_wrong_issuer',
  'discovery_wrong_keys_address',
  // the JWK Set
  'keys_address_refused',
  'keys_unreachable',
  'keys_refused',
  'keys_too_large',
  'keys_malformed',
] as const;

/** One of {@link KEY_SET_REASONS}. */
export type KeySetReason = (typeof KEY_SET_REASONS)[number];

/** Why the key set cannot be had: the `cause` of `token_keys_unavailable`, a code for the log. */
export class KeySetError extends Error {
  constructor(
    readonly reason: KeySetReason,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'KeySetError';
  }
}

/** The members of a JWK Set (RFC 7517 §5) that are objects; whether they are keys is not known yet. */
export type Jwks = readonly Readonly<Record<string, unknown>>[];

/** Fetches the key set of an issuer anew. Throws a `KeySetError`. */
export function keySetSource({ name, keys }: Pick<TokenIssuer, 'name' | 'keys'>): () => Promise<Jwks> {
  if (keys.kind === 'discovery') return () => discover(name);
  if (keys.kind !== 'jwks') throw new Error('The keys of this issuer are given.');
  const rule = keys.isInsecure ? isPrivateAddress : null;
  return () => fetchKeys(new URL(keys.uri), rule);
}

/**
 * The keys behind the `jwks_uri` of an issuer's document (OpenID Connect Discovery 1.0 §4), which has to name exactly
 * this issuer. They are on the issuer's own host or a public one, over https; on loopback over http, as the issuer is.
 */
async function discover(issuer: string): Promise<Jwks> {
  const home = new URL(issuer);
  const text = await read(
    'discovery',
    new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    null,
  );
  const document = parseObject(text);
  if (!document) throw new KeySetError('discovery_malformed');
  if (document.issuer !== issuer) throw new KeySetError('discovery_wrong_issuer');
  const uri = typeof document.jwks_uri === 'string' ? URL.parse(document.jwks_uri) : null;
  const isAtHome = uri?.host === home.host;
  const isAllowed =
    uri?.username === '' &&
    uri.password === '' &&
    (isAtHome ? uri.protocol === home.protocol : uri.protocol === 'https:' && uri.port === '');
  if (!isAllowed) throw new KeySetError('discovery_wrong_keys_address');
  return fetchKeys(uri, isAtHome ? null : isPublicAddress);
}

async function fetchKeys(uri: URL, rule: AddressRule | null): Promise<Jwks> {
  const keys = parseObject(await read('keys', uri, rule))?.keys;
  if (!Array.isArray(keys)) throw new KeySetError('keys_malformed');
  return keys.filter(isObject);
}

async function read(what: 'keys' | 'discovery', url: URL, rule: AddressRule | null): Promise<string> {
  try {
    return await download(url, rule);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    const { problem, cause } = error;
    throw new KeySetError(problem === 'address_refused' ? 'keys_address_refused' : `${what}_${problem}`, {
      cause,
    });
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
