import {
  androidOriginProblem,
  androidPackageProblem,
  appIdProblem,
  appleAppIdProblem,
  appNameProblem,
  hostProblem,
  listProblems,
  originsOutside,
  pageProblem,
  relatedOriginProblem,
  rpIdProblem,
  webOriginProblem,
} from '../../config/app-rules.js';
import { LIFETIMES } from '../../config/configuration.js';
import { AAGUID } from '../../webauthn/aaguid.js';
import { ALGORITHM } from '../../webauthn/algorithms.js';
import type { VerifiedRegistration } from '../../webauthn/verify-registration.js';
import type { AppFields } from './app.js';

/** How much an app can ask of user verification, strictest first (WebAuthn Level 3 §5.8.6). */
export const USER_VERIFICATIONS = ['required', 'preferred', 'discouraged'] as const;
/** Whether an app can ask for discoverable credentials, strictest first (§5.4.6). */
export const RESIDENT_KEYS = ['required', 'preferred', 'discouraged'] as const;
/** Which attestation an app can ask for, from none to the most (§5.4.7). */
export const ATTESTATIONS = ['none', 'indirect', 'direct', 'enterprise'] as const;
/** Whether an app allows automatic upgrades (§5.1.3, conditional creation), strictest first. */
export const CONDITIONAL_CREATES = ['off', 'on'] as const;

/** What an app can accept as step-up, from nothing asked to the choice of two. */
export const STEP_UPS = ['off', 'fresh-token', 'passkey', 'either'] as const;
/** What an app can do where a user revokes their last passkey. */
export const LAST_PASSKEYS = ['allow', 'warn', 'deny'] as const;

/** Whether a new passkey needs a trusted attestation. */
export const ATTESTATION_TRUSTS = ['optional', 'required'] as const;
/** What an app can do with a sign-in with a changed backup-eligible flag. */
export const BACKUP_ELIGIBILITY_CHANGES = ['record', 'refuse'] as const;
/** What an app can do with a cross-origin frame where the client does not say in which page it is. */
export const UNKNOWN_FRAMES = ['refuse', 'allow'] as const;
/** How an app can have the icons of its devices in the protocol. */
export const ICON_FORMS = ['url', 'data'] as const;
/** Of which unknown credentials a refused sign-in may tell: revoked ones, any, or none. */
export const UNKNOWN_CREDENTIALS = ['revoked', 'any', 'never'] as const;

/** The COSE identifiers of the algorithms that an app can accept, by name. */
export const ALGORITHMS: Readonly<Record<string, number>> = ALGORITHM;

const MAX_AAGUIDS = 1_000;
const QUOTED = { quotes: true };

/** The range of each number: seconds, except the number of passkeys. */
export const RANGES = {
  maxPasskeysPerUser: { name: 'the number of passkeys per user', from: 1, to: 1_000 },
  stepUpMaxAge: { name: 'the greatest age of a sign-in for step-up', from: 10, to: 86_400 },
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

/** A sentence for each field that has to be set to something else; empty if the app is valid. */
export function findAppProblems(id: string, app: AppFields): string[] {
  const lists = [
    ...originListProblems(app),
    ...listProblems('the related origins', app.relatedOrigins, relatedOriginProblem, QUOTED),
    ...listProblems('the Android origins', app.androidOrigins, androidOriginProblem, QUOTED),
    ...listProblems('the top origins', app.topOrigins, webOriginProblem, QUOTED),
    ...listProblems('the webhook hosts', app.webhookHosts, hostProblem, QUOTED),
  ];
  const rpIdProblems = sentence('the RP ID', rpIdProblem(app.rpId));
  return [
    ...sentence('the id', appIdProblem(id)),
    ...sentence('the name', appNameProblem(app.name)),
    ...rpIdProblems,
    ...lists,
    // The domain of an origin is known only if the origin is valid.
    ...(lists.length === 0 && rpIdProblems.length === 0 ? domainProblems(app) : []),
    ...algorithmProblems(app.algorithms),
    ...attestationPolicyProblems(app),
    ...wellKnownProblems(app),
    ...stepUpProblems(app),
    ...rangeProblems(app),
  ];
}

const sentence = (name: string, problem: string | null | undefined): string[] =>
  problem == null ? [] : [`Set ${name} to ${problem}.`];

function originListProblems({ origins }: AppFields): string[] {
  return origins.length === 0
    ? ['Set the origins to one or more, such as https://www.example.com.']
    : listProblems('the origins', origins, webOriginProblem, QUOTED);
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

function wellKnownProblems(app: AppFields): string[] {
  const { passkeyEndpointsEnroll, passkeyEndpointsManage, appleAppIds, androidPackages, androidOrigins } =
    app;
  const problems = [
    ...sentence('the page to add a passkey', passkeyEndpointsEnroll && pageProblem(passkeyEndpointsEnroll)),
    ...sentence('the page to manage passkeys', passkeyEndpointsManage && pageProblem(passkeyEndpointsManage)),
    ...listProblems('the Apple app IDs', appleAppIds, appleAppIdProblem, QUOTED),
    ...listProblems('the Android packages', androidPackages, androidPackageProblem, QUOTED),
  ];
  if (androidPackages.length > 0 && androidOrigins.length === 0) {
    problems.push('Set the Android origins too: the packages are signed by their certificates.');
  }
  return problems;
}

function algorithmProblems(algorithms: readonly number[]): string[] {
  const known = Object.values(ALGORITHMS);
  const isGood = algorithms.length > 0 && algorithms.every((it) => known.includes(it));
  if (isGood && new Set(algorithms).size === algorithms.length) return [];
  return [`Set the algorithms to one or more of ${Object.keys(ALGORITHMS).join(', ')}, each once.`];
}

/** What stands in a challenge between quotes and spaces (RFC 9470 §3), and in a list of the command line. */
const CLAIM_VALUE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,255}$/;
const MAX_CLAIM_VALUES = 20;

const stepUpProblems = ({ stepUpAcr, stepUpAmr }: AppFields): string[] =>
  Object.entries({ acr: stepUpAcr, amr: stepUpAmr }).flatMap(([claim, values]) => {
    const isGood = values.length <= MAX_CLAIM_VALUES && values.every((it) => CLAIM_VALUE.test(it));
    return isGood
      ? []
      : [
          `Set the values of ${claim} for step-up to at most ${MAX_CLAIM_VALUES}, without spaces, quotes, commas and backslashes.`,
        ];
  });

const rangeProblems = (app: AppFields): string[] =>
  Object.entries(RANGES).flatMap(([field, { name, from, to }]) => {
    const number = app[field as keyof typeof RANGES];
    const isGood = number === null || (Number.isInteger(number) && number >= from && number <= to);
    const unit = field === 'maxPasskeysPerUser' ? '' : ' of seconds';
    return isGood ? [] : [`Set ${name} to a whole number${unit} from ${from} to ${to}.`];
  });

/**
 * Why an app does not accept a new passkey, or null if it does: `authenticator_not_allowed` for a model that is denied or
 * not among those allowed, `attestation_untrusted` where a trusted attestation is required, as it is for an allowed model.
 */
export function authenticatorRefusal(
  app: Pick<AppFields, 'aaguidAllow' | 'aaguidDeny'> & { readonly isTrustRequired: boolean },
  { aaguid, attestationTrust }: Pick<VerifiedRegistration, 'aaguid' | 'attestationTrust'>,
): 'authenticator_not_allowed' | 'attestation_untrusted' | null {
  const { aaguidAllow, aaguidDeny, isTrustRequired } = app;
  if (aaguidDeny.includes(aaguid)) return 'authenticator_not_allowed';
  if (aaguidAllow !== null && !aaguidAllow.includes(aaguid)) return 'authenticator_not_allowed';
  if (aaguidAllow === null && !isTrustRequired) return null;
  return attestationTrust === 'trusted' ? null : 'attestation_untrusted';
}

/** A sentence for each problem of the rules for authenticators; empty if they are valid. */
export function attestationPolicyProblems({
  attestation,
  attestationTrust,
  aaguidAllow,
  aaguidDeny,
}: Pick<AppFields, 'attestation' | 'attestationTrust' | 'aaguidAllow' | 'aaguidDeny'>): string[] {
  const problems = [
    ...aaguidListProblems('the allowed AAGUIDs', aaguidAllow ?? []),
    ...aaguidListProblems('the denied AAGUIDs', aaguidDeny),
  ];
  const isAsked = attestation === 'direct' || attestation === 'enterprise';
  if (attestationTrust === 'required' && !isAsked) {
    problems.push('Set the attestation to direct or enterprise: without it, none can be trusted.');
  }
  if (aaguidAllow === null) return problems;
  if (aaguidAllow.length === 0) problems.push('Set the allowed AAGUIDs to one or more, or allow any.');
  const both = aaguidAllow.filter((aaguid) => aaguidDeny.includes(aaguid));
  if (both.length > 0) problems.push(`Either allow or deny ${both.join(', ')}, not both.`);
  if (!isAsked) {
    problems.push('Set the attestation to direct or enterprise: allowed AAGUIDs have to be proven by it.');
  }
  return problems;
}

function aaguidListProblems(name: string, aaguids: readonly string[]): string[] {
  const isGood = aaguids.every((aaguid) => AAGUID.test(aaguid)) && new Set(aaguids).size === aaguids.length;
  return isGood && aaguids.length <= MAX_AAGUIDS
    ? []
    : [`Set ${name} to at most ${MAX_AAGUIDS} lower-case UUIDs, each once.`];
}
