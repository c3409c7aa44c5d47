import { type Command, InvalidArgumentError, Option } from 'commander';
import { splitList } from '../config/environment.js';
import { ALGORITHMS, ATTESTATIONS, RESIDENT_KEYS, USER_VERIFICATIONS } from '../flex/apps/app-rules.js';
import type { AppFields } from '../flex/apps/app.js';
import { duration, DURATION_HELP } from './duration.js';

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
    .option('--name <name>', 'what users see while a passkey is made')
    .option('--related-origins <list>', 'https origins on other domains, or none', listOrNone)
    .option('--android-origins <list>', 'android:apk-key-hash:… of Android apps, or none', listOrNone)
    .option('--top-origins <list>', 'origins of pages that may frame a ceremony, or none', listOrNone)
    .addOption(choice('--user-verification <level>', 'asking for PIN or biometrics', USER_VERIFICATIONS))
    .addOption(choice('--resident-key <level>', 'asking for discoverable passkeys', RESIDENT_KEYS))
    .addOption(choice('--attestation <kind>', 'what authenticators tell of themselves', ATTESTATIONS))
    .option(
      '--aaguid-allow <list>',
      'the only models taken, with a trusted attestation, or any',
      aaguidsOrAny,
    )
    .option('--aaguid-deny <list>', 'AAGUIDs of models that are not taken, or none', aaguidsOrNone)
    .option(
      '--algorithms <list>',
      `some of ${Object.keys(ALGORITHMS).join(',')}, most wanted first`,
      algorithms,
    )
    .option('--max-passkeys-per-user <count>', 'how many passkeys a user may have', wholeNumber)
    .addOption(time('--ceremony-timeout', 'what browsers wait for a ceremony'))
    .addOption(time('--handshake-ttl', 'lifetime of a ceremony'))
    .addOption(time('--register-transaction-ttl', 'lifetime of leave to register'))
    .addOption(time('--authenticate-transaction-ttl', 'lifetime of leave to sign in'))
    .addOption(time('--nonce-ttl', 'lifetime of a nonce'));
}

/** The fields that the options of a command name. */
export const toAppFields = (options: object): Partial<AppFields> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]: [string, unknown]) => [name, value === NULL ? null : value]),
  );

/** The name of a COSE algorithm, as `--algorithms` takes it. */
export const algorithmName = (identifier: number): string =>
  Object.entries(ALGORITHMS).find(([, it]) => it === identifier)?.[0] ?? `${identifier}`;

const choice = (flags: string, description: string, values: readonly string[]): Option =>
  new Option(flags, description).choices([...values]);

const time = (name: string, description: string): Option =>
  new Option(`${name} <time>`, `${description}, ${DURATION_HELP}; or default`).argParser(durationOrDefault);

const listOrNone = (text: string): string[] => (text === 'none' ? [] : splitList(text));

const aaguidsOrNone = (text: string): string[] => listOrNone(text.toLowerCase());

const aaguidsOrAny = (text: string): string[] | typeof NULL => (text === 'any' ? NULL : aaguidsOrNone(text));

const durationOrDefault = (text: string): number | typeof NULL =>
  text === 'default' ? NULL : duration(text);

const algorithms = (text: string): number[] =>
  splitList(text).map((name) => {
    const identifier = ALGORITHMS[name];
    if (identifier !== undefined) return identifier;
    throw new InvalidArgumentError(
      `Give some of ${Object.keys(ALGORITHMS).join(', ')}, separated by commas.`,
    );
  });

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number such as 50.');
}
