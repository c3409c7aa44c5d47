import { appIdProblem, appNameProblem, rpIdProblem } from '../../config/app-rules.js';
import { LIFETIMES } from '../../config/lifetimes.js';
import {
  androidOriginProblem,
  listProblems,
  originsOutside,
  relatedOriginProblem,
  webOriginProblem,
} from '../../config/origin-rules.js';
import { ALGORITHM } from '../../webauthn/credential-key.js';
import type { AppFields } from './app-record.js';
import { attestationPolicyProblems } from './attestation-policy.js';

/** What the policy's members may be, most careful first. */
export const USER_VERIFICATIONS = ['required', 'preferred', 'discouraged'] as const;
export const RESIDENT_KEYS = ['required', 'preferred', 'discouraged'] as const;
export const ATTESTATIONS = ['none', 'indirect', 'direct', 'enterprise'] as const;

/** COSE identifiers of the algorithms there are, by their names. */
export const ALGORITHMS: Readonly<Record<string, number>> = ALGORITHM;

/** Least and most of every number, seconds but for the passkeys. */
const RANGES = {
  maxPasskeysPerUser: { name: 'the number of passkeys per user', from: 1, to: 1_000 },
  ceremonyTimeout: { name: 'the ceremony timeout', from: 10, to: 900 },
  handshakeTtl: { name: 'the lifetime of handshakes', ...LIFETIMES.handshake },
  registerTransactionTtl: {
    name: 'the lifetime of register transactions',
    ...LIFETIMES.registerTransaction,
  },
  authenticateTransactionTtl: {
    name: 'the lifetime of authenticate transactions',
    ...LIFETIMES.authenticateTransaction,
  },
  nonceTtl: { name: 'the lifetime of nonces', ...LIFETIMES.nonce },
} as const;

/** A sentence for each thing to set otherwise; none if the app may be as it is told. */
export function findAppProblems(id: string, app: AppFields): string[] {
  const lists = [
    ...originListProblems(app),
    ...listProblems('the related origins', app.relatedOrigins, relatedOriginProblem),
    ...listProblems('the Android origins', app.androidOrigins, androidOriginProblem),
    ...listProblems('the top origins', app.topOrigins, webOriginProblem),
  ];
  const rpIdProblems = sentence('the RP ID', rpIdProblem(app.rpId));
  return [
    ...sentence('the id', appIdProblem(id)),
    ...sentence('the name', appNameProblem(app.name)),
    ...rpIdProblems,
    ...lists,
    // Which domain an origin is on can be asked only of good ones.
    ...(lists.length === 0 && rpIdProblems.length === 0 ? domainProblems(app) : []),
    ...algorithmProblems(app.algorithms),
    ...attestationPolicyProblems(app),
    ...rangeProblems(app),
  ];
}

const sentence = (name: string, problem: string | undefined): string[] =>
  problem === undefined ? [] : [`Set ${name} to ${problem}.`];

function originListProblems({ origins }: AppFields): string[] {
  return origins.length === 0
    ? ['Set the origins to one or more, such as https://www.example.com.']
    : listProblems('the origins', origins, webOriginProblem);
}

function domainProblems({ rpId, origins, relatedOrigins }: AppFields): string[] {
  const outside = originsOutside(origins, rpId);
  const within = relatedOrigins.filter((origin) => originsOutside([origin], rpId).length === 0);
  return [
    ...(outside.length > 0
      ? [
          `Set the origins to some on ${rpId} or below, and list others as related origins: ` +
            `${outside.join(', ')}.`,
        ]
      : []),
    ...(within.length > 0
      ? [
          `Set the related origins to some that are not on ${rpId}: ${within.join(', ')} go among the origins.`,
        ]
      : []),
  ];
}

function algorithmProblems(algorithms: readonly number[]): string[] {
  const known = Object.values(ALGORITHMS);
  const isGood = algorithms.length > 0 && algorithms.every((it) => known.includes(it));
  if (isGood && new Set(algorithms).size === algorithms.length) return [];
  return [`Set the algorithms to one or more of ${Object.keys(ALGORITHMS).join(', ')}, each once.`];
}

const rangeProblems = (app: AppFields): string[] =>
  Object.entries(RANGES).flatMap(([field, { name, from, to }]) => {
    const number = app[field as keyof typeof RANGES];
    const isGood = number === null || (Number.isInteger(number) && number >= from && number <= to);
    const unit = field === 'maxPasskeysPerUser' ? '' : ' of seconds';
    return isGood ? [] : [`Set ${name} to a whole number${unit} from ${from} to ${to}.`];
  });
