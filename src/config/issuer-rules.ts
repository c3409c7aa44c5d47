import { baseUrlProblem } from './addresses.js';
import { ANY_KEY, type KeySource } from './token-keys.js';

/** The settings of issuers that have to fit each other; each list is empty where its setting is missing or bad. */
export interface IssuerParts {
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  /** The names under which key settings are given. */
  readonly keysGiven: readonly string[];
  /** What the one key setting says, if it is good. */
  readonly source: KeySource | undefined;
  readonly sharesKeys: boolean;
  readonly isProduction: boolean;
}

/** What is wrong with settings that are good by themselves. */
export const issuerProblems = (parts: IssuerParts): string[] =>
  [keysProblem, pairingProblem, sharingProblem, audiencesProblem].flatMap((rule) => rule(parts) ?? []);

type PartsRule = (parts: IssuerParts) => string | undefined;

const keysProblem: PartsRule = ({ keysGiven, issuers, isProduction }) => {
  if (keysGiven.length > 1) return `Set one at most of ${ANY_KEY}: ${keysGiven.join(' and ')} are set.`;
  if (keysGiven.length === 1) return undefined;
  const isFound = issuers.every((name) => baseUrlProblem(name, 'loopback', !isProduction) === undefined);
  return isFound
    ? undefined
    : `Set one of ${ANY_KEY} to say how the users’ tokens are verified: OpenID discovery needs issuers that are https ` +
        'addresses, without user name, password, query and fragment (http on loopback only, outside production).';
};

const pairingProblem: PartsRule = ({ issuers, source, sharesKeys }) => {
  if (!source || issuers.length === 0) return undefined;
  const { name, members } = source;
  const isAddress = name === 'JWT_JWKS_URI';
  if (issuers.length === 1 || sharesKeys) {
    if (!isAddress || members.length === 1) return undefined;
    return `Set JWT_JWKS_URI to one address: ${sharesKeys ? 'the issuers share it' : 'JWT_ISSUER names one issuer'}.`;
  }
  if (members.length === issuers.length) return undefined;
  return (
    `Set ${name} to one ${isAddress ? 'address' : 'key'} for each of the ${issuers.length} issuers in JWT_ISSUER, in their ` +
    'order; if one source has the keys of all of them, set JWT_ISSUERS_SHARE_KEYS to true.'
  );
};

const sharingProblem: PartsRule = ({ issuers, keysGiven, sharesKeys }) => {
  if (!sharesKeys || issuers.length === 0) return undefined;
  if (issuers.length === 1) return 'Unset JWT_ISSUERS_SHARE_KEYS: JWT_ISSUER names one issuer.';
  if (keysGiven.length > 0) return undefined;
  return `Unset JWT_ISSUERS_SHARE_KEYS, or set one of ${ANY_KEY}: by OpenID discovery each issuer has its own keys.`;
};

const audiencesProblem: PartsRule = ({ issuers, audiences }) => {
  if (audiences.length <= 1 || issuers.length === 0 || audiences.length === issuers.length) return undefined;
  if (issuers.length === 1) return 'Set JWT_AUDIENCE to one audience: JWT_ISSUER names one issuer.';
  return (
    `Set JWT_AUDIENCE to one audience for all issuers, or to one for each of the ${issuers.length} in JWT_ISSUER, in their ` +
    'order.'
  );
};
