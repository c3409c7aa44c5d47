import { readAppSettings } from './app-settings.js';
import type { EmbeddedPassageSettings, Lifetimes } from './configuration.js';
import type { EnvironmentReader } from './environment-reader.js';
import { readKeywaySecrets } from './keyway-secrets.js';
import { redact } from './redaction.js';

const REMOTE_SETTINGS = ['PASSAGE_BASE_URL', 'PASSAGE_APP_ID', 'PASSAGE_API_KEY'] as const;

/** `PASSAGE_*`, `APP_*`, `KEYWAY_SECRET` and the lifetimes of the embedded Passage provider. */
export function readPassageSettings(reader: EnvironmentReader): EmbeddedPassageSettings | undefined {
  readMode(reader);
  const secrets = readKeywaySecrets(reader);
  const app = readAppSettings(reader);
  const lifetimes = readLifetimes(reader);
  return secrets && app && redact({ mode: 'embedded', app, secrets, lifetimes }, 'secrets');
}

/** `*_TTL` in seconds, with their defaults. */
export function readLifetimes(reader: EnvironmentReader): Lifetimes {
  const of = 'seconds';
  return {
    handshake: reader.wholeNumber('HANDSHAKE_TTL', { from: 30, to: 900, fallback: 300, of }),
    registerTransaction: reader.wholeNumber('REGISTER_TRANSACTION_TTL', {
      from: 60,
      to: 86_400,
      fallback: 300,
      of,
    }),
    authenticateTransaction: reader.wholeNumber('AUTHENTICATE_TRANSACTION_TTL', {
      from: 60,
      to: 86_400,
      fallback: 900,
      of,
    }),
    nonce: reader.wholeNumber('NONCE_TTL', { from: 30, to: 3600, fallback: 300, of }),
  };
}

function readMode(reader: EnvironmentReader): void {
  const mode = reader.text('PASSAGE_MODE') ?? 'embedded';
  if (mode === 'remote') {
    reader.report('Leave PASSAGE_MODE unset or set it to embedded: there is no remote provider yet.');
  } else if (mode !== 'embedded') {
    reader.report('Set PASSAGE_MODE to embedded or leave it unset.');
  }
  const given = REMOTE_SETTINGS.map((name) => reader.givenAs(name)).filter((name) => name !== undefined);
  if (given.length > 0)
    reader.report(`Unset ${given.join(' and ')}: only a remote provider has a use for it.`);
}
