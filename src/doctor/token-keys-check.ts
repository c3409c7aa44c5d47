import type { TokenIssuer, TokenSettings } from '../config/configuration.js';
import { type Jwks, type KeySetReason, KeySetError, keySetSource } from '../auth/key-set-source.js';
import { type Finding, findingsOf } from './finding.js';

const { ok, fail } = findingsOf('token-keys');

const ADVICE = {
  discovery_unreachable: 'check network and certificate, or set JWT_JWKS_URI if the issuer has no document',
  discovery_refused: 'open its /.well-known/openid-configuration, or set JWT_JWKS_URI if it is not there',
  discovery_too_large: 'set JWT_JWKS_URI',
  discovery_malformed: 'set JWT_JWKS_URI',
  discovery_wrong_issuer: 'compare JWT_ISSUER with iss in a token, or set JWT_JWKS_URI',
  discovery_wrong_keys_address: 'set JWT_JWKS_URI, if the address there is right',
  keys_address_refused: 'set JWT_JWKS_URI to an https address',
  keys_unreachable: 'check network, certificate and address',
  keys_refused: 'check the address',
  keys_too_large: 'let the issuer publish fewer keys',
  keys_malformed: 'check the address',
} satisfies Record<KeySetReason, string>;

/** Fetches the keys of each issuer, as the service does when the first token comes. */
export async function checkTokenKeys({ issuers }: Pick<TokenSettings, 'issuers'>): Promise<Finding[]> {
  return Promise.all(issuers.map(check));
}

async function check(issuer: TokenIssuer): Promise<Finding> {
  const { name, keys } = issuer;
  if (keys.kind === 'given') return ok(`The keys of ${name} are in the settings: ${keys.keys.length}.`);
  try {
    const usable = (await keySetSource(issuer)()).filter(isForSignatures);
    if (usable.length > 0) return ok(`The keys of ${name} can be fetched: ${idsOf(usable)}.`);
    return fail(`The JWK Set of ${name} has no key for signatures: let the issuer publish one.`);
  } catch (error) {
    if (!(error instanceof KeySetError)) throw error;
    const { reason } = error;
    return fail(`The keys of ${name} cannot be fetched (${reason}): ${ADVICE[reason]}.`);
  }
}

const isForSignatures = ({ kty, use = 'sig' }: Jwks[number]): boolean =>
  ['RSA', 'EC', 'OKP'].includes(kty as string) && use === 'sig';

const idsOf = (keys: Jwks): string =>
  keys.map(({ kid }) => (typeof kid === 'string' ? kid : 'one without kid')).join(', ');
