import { readAppSettings } from './app-settings.js';
import type { EmbeddedPassageSettings, Lifetimes, PassageSettings } from './configuration.js';
import type { EnvironmentReader } from './environment-reader.js';
import { readKeywaySecrets } from './keyway-secrets.js';
import { LIFETIMES } from './lifetimes.js';
import { redact } from './redaction.js';
import { readRemotePassageSettings } from './remote-passage-settings.js';
import type { PlainSetting, SecretSetting } from './setting-names.js';

type Names = readonly (PlainSetting | SecretSetting)[];

const REMOTE_SETTINGS: Names = ['PASSAGE_BASE_URL', 'PASSAGE_APP_ID', 'PASSAGE_API_KEY'];
const EMBEDDED_SETTINGS: Names = [
  'KEYWAY_SECRET',
  'APP_ID',
  'APP_NAME',
  'APP_ORIGINS',
  'APP_RP_ID',
  'APP_API_KEY',
  'AUTHENTICATOR_METADATA_FILE',
  'FIDO_METADATA_FILE',
  'HANDSHAKE_TTL',
  'REGISTER_TRANSACTION_TTL',
  'AUTHENTICATE_TRANSACTION_TTL',
  'NONCE_TTL',
];

/** `PASSAGE_MODE` and the settings of the provider that it chooses; those of the other one contradict it. */
export function readPassageSettings(reader: EnvironmentReader): PassageSettings | undefined {
  const mode = reader.text('PASSAGE_MODE') ?? 'embedded';
  if (mode === 'remote') {
    reportContradiction(reader, EMBEDDED_SETTINGS, 'the provider of PASSAGE_MODE remote has its own');
    return readRemotePassageSettings(reader);
  }
  if (mode === 'embedded') {
    reportContradiction(reader, REMOTE_SETTINGS, 'nothing reads that unless PASSAGE_MODE is remote');
    return readEmbeddedPassageSettings(reader);
  }
  return reader.report('Set PASSAGE_MODE to embedded or remote, or leave it unset for embedded.');
}

/** `*_TTL` in seconds, with their defaults. */
export function readLifetimes(reader: EnvironmentReader): Lifetimes {
  const read = (name: PlainSetting, lifetime: keyof Lifetimes): number =>
    reader.wholeNumber(name, { ...LIFETIMES[lifetime], of: 'seconds' });
  return {
    handshake: read('HANDSHAKE_TTL', 'handshake'),
    registerTransaction: read('REGISTER_TRANSACTION_TTL', 'registerTransaction'),
    authenticateTransaction: read('AUTHENTICATE_TRANSACTION_TTL', 'authenticateTransaction'),
    nonce: read('NONCE_TTL', 'nonce'),
  };
}

function readEmbeddedPassageSettings(reader: EnvironmentReader): EmbeddedPassageSettings | undefined {
  const secrets = readKeywaySecrets(reader);
  const app = readAppSettings(reader);
  const lifetimes = readLifetimes(reader);
  return secrets && app && redact({ mode: 'embedded', app, secrets, lifetimes }, 'secrets');
}

function reportContradiction(reader: EnvironmentReader, names: Names, why: string): void {
  const given = names.map((name) => reader.givenAs(name)).filter((name) => name !== undefined);
  if (given.length > 0) reader.report(`Unset ${given.join(' and ')}: ${why}.`);
}
