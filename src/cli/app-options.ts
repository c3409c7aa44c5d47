import { type Command, InvalidArgumentError, Option } from 'commander';
import { splitList } from '../config/environment.js';
import {
  ALGORITHMS,
  ATTESTATION_TRUSTS,
  ATTESTATIONS,
  BACKUP_ELIGIBILITY_CHANGES,
  CONDITIONAL_CREATES,
  ICON_FORMS,
  LAST_PASSKEYS,
  RANGES,
  RESIDENT_KEYS,
  STEP_UPS,
  UNKNOWN_FRAMES,
  UNKNOWN_CREDENTIALS,
  USER_VERIFICATIONS,
} from '../flex/apps/app-rules.js';
import { type AppFields, NEW_APP } from '../flex/apps/app.js';
import { countWithin, durationWithin, spell } from './argument-parsers.js';

/** Stands for null, which commander takes for an option without a value. */
const NULL = Symbol('null');

/** Adds an option for every field of an app, under the field's name; those an app cannot be without come by `needed`. */
export function addAppOptions(command: Command, needed: 'required' | 'optional'): Command {
  const must = needed === 'required';
  return command
    .addOption(new Option('--rp-id <domain>', 'WebAuthn RP ID, one app’s only').makeOptionMandatory(must))
    .addOption(
      new Option('--origins <list>', 'web origins on the RP ID or below, exactly, by commas')
        .argParser(splitList)
        .makeOptionMandatory(must),
    )
    .option('--name <name>', 'what users see while a passkey is made; a new app has its id')
    .option('--related-origins <list>', 'https origins on other domains, or none', listOrNone)
    .option('--android-origins <list>', 'android:apk-key-hash:… of Android apps, or none', listOrNone)
    .option('--top-origins <list>', 'origins of pages that may frame a ceremony, or none', listOrNone)
    .addOption(choice('unknownFrames', '<what>', 'frames where the browser names no page', UNKNOWN_FRAMES))
    .addOption(choice('userVerification', '<level>', 'asking for PIN or biometrics', USER_VERIFICATIONS))
    .addOption(choice('residentKey', '<level>', 'asking for discoverable passkeys', RESIDENT_KEYS))
    .addOption(choice('attestation', '<kind>', 'what authenticators tell of themselves', ATTESTATIONS))
    .addOption(
      choice('attestationTrust', '<need>', 'attestations that FIDO metadata trusts', ATTESTATION_TRUSTS),
    )
    .option(
      '--aaguid-allow <list>',
      'AAGUIDs of the only models accepted, with a trusted attestation, or any',
      aaguidsOrAny,
    )
    .option('--aaguid-deny <list>', 'AAGUIDs of models that are refused, or none', aaguidsOrNone)
    .addOption(
      choice(
        'backupEligibilityChange',
        '<what>',
        'a passkey that becomes synced or stops being so',
        BACKUP_ELIGIBILITY_CHANGES,
      ),
    )
    .option(
      '--algorithms <list>',
      `some of ${Object.keys(ALGORITHMS).join(',')}, most wanted first; a new app has ` +
        NEW_APP.algorithms.map(algorithmName).join(),
      algorithms,
    )
    .addOption(choice('icons', '<form>', 'icons in the protocol’s devices, by URL or as data', ICON_FORMS))
    .addOption(
      choice('conditionalCreate', '<on|off>', 'passkeys made without asking the user', CONDITIONAL_CREATES),
    )
    .option(
      '--max-passkeys-per-user <count>',
      `how many passkeys a user may have, ${PASSKEYS.from} to ${PASSKEYS.to}; ` +
        `a new app has ${NEW_APP.maxPasskeysPerUser}`,
      countWithin(PASSKEYS),
    )
    .addOption(
      choice(
        'stepUp',
        '<how>',
        'proving again who one is, to add or revoke a passkey or erase oneself',
        STEP_UPS,
      ),
    )
    .option(
      '--step-up-max-age <time>',
      `how recent the sign-in of a token has to be for step-up, ${spell(MAX_AGE.from)} to ${spell(MAX_AGE.to)}; ` +
        `a new app has ${spell(NEW_APP.stepUpMaxAge)}`,
      durationWithin(MAX_AGE),
    )
    .option('--step-up-acr <list>', 'values of the claim acr that count for step-up, or none', listOrNone)
    .option('--step-up-amr <list>', 'values of the claim amr that count for step-up, or none', listOrNone)
    .addOption(
      choice('lastPasskey', '<what>', 'users who revoke the last passkey that can sign in', LAST_PASSKEYS),
    )
    .addOption(
      choice(
        'unknownCredential',
        '<which>',
        'which unknown passkeys a refused sign-in tells of',
        UNKNOWN_CREDENTIALS,
      ),
    )
    .option('--passkey-endpoints-enroll <url>', 'the page where users add a passkey, or none', textOrNone)
    .option('--passkey-endpoints-manage <url>', 'the page where users manage passkeys, or none', textOrNone)
    .option('--apple-app-ids <list>', 'Apple’s apps, each as team.bundle, or none', listOrNone)
    .option('--android-packages <list>', 'application IDs of Android apps, or none', listOrNone)
    .option('--webhook-hosts <list>', 'hosts to which servers may point webhooks, or none', listOrNone)
    .addOption(time('ceremonyTimeout', 'what browsers wait for a ceremony', 'the handshake lifetime'))
    .addOption(time('handshakeTtl', 'handshake lifetime', 'HANDSHAKE_TTL'))
    .addOption(time('registerTransactionTtl', 'register transaction lifetime', 'REGISTER_TRANSACTION_TTL'))
    .addOption(
      time('authenticateTransactionTtl', 'authenticate transaction lifetime', 'AUTHENTICATE_TRANSACTION_TTL'),
    )
    .addOption(time('nonceTtl', 'nonce lifetime', 'NONCE_TTL'));
}

/** The fields that the options of a command name. */
export const toAppFields = (options: object): Partial<AppFields> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]: [string, unknown]) => [name, value === NULL ? null : value]),
  );

/** The name of a COSE algorithm, as `--algorithms` takes it. */
export const algorithmName = (identifier: number): string =>
  Object.entries(ALGORITHMS).find(([, it]) => it === identifier)?.[0] ?? `${identifier}`;

const PASSKEYS = RANGES.maxPasskeysPerUser;
const MAX_AGE = RANGES.stepUpMaxAge;

/** The flag of a field: `--nonce-ttl`. */
export const flagOf = (field: string): string =>
  `--${field.replace(/[A-Z]/g, (it) => `-${it.toLowerCase()}`)}`;

type Choice =
  | 'unknownFrames'
  | 'userVerification'
  | 'residentKey'
  | 'attestation'
  | 'attestationTrust'
  | 'stepUp'
  | 'lastPasskey'
  | 'unknownCredential'
  | 'backupEligibilityChange'
  | 'icons'
  | 'conditionalCreate';

const choice = (field: Choice, value: string, description: string, values: readonly string[]): Option =>
  new Option(`${flagOf(field)} ${value}`, `${description}; a new app has ${NEW_APP[field]}`).choices([
    ...values,
  ]);

const time = (
  field: Exclude<keyof typeof RANGES, 'maxPasskeysPerUser' | 'stepUpMaxAge'>,
  description: string,
  fallback: string,
): Option => {
  const { from, to } = RANGES[field];
  const usual = field === 'ceremonyTimeout' ? '' : ` (${spell(RANGES[field].fallback)} unless set)`;
  const help = `${description}, ${spell(from)} to ${spell(to)}; or default, which is ${fallback}${usual}`;
  const parse = durationWithin({ from, to });
  return new Option(`${flagOf(field)} <time>`, help).argParser((text: string) =>
    text === 'default' ? NULL : parse(text),
  );
};

const listOrNone = (text: string): string[] => (text === 'none' ? [] : splitList(text));

const textOrNone = (text: string): string | typeof NULL => (text === 'none' ? NULL : text);

const aaguidsOrNone = (text: string): string[] => listOrNone(text.toLowerCase());

const aaguidsOrAny = (text: string): string[] | typeof NULL => (text === 'any' ? NULL : aaguidsOrNone(text));

const algorithms = (text: string): number[] =>
  splitList(text).map((name) => {
    const identifier = ALGORITHMS[name];
    if (identifier !== undefined) return identifier;
    throw new InvalidArgumentError(
      `Give some of ${Object.keys(ALGORITHMS).join(', ')}, separated by commas.`,
    );
  });
