import { createSecretKey } from 'node:crypto';
import type { AppSettings, Configuration, EmbeddedPassageSettings, TokenSettings } from './configuration.js';
import { keepDemoSecrets } from './demo-secrets.js';
import type { EnvironmentReader } from './environment-reader.js';
import { isLoopback } from './loopback.js';
import { readLifetimes } from './passage-settings.js';
import { redact } from './redaction.js';
import { namesAgainstDemo } from './setting-names.js';

/** What the demo has instead of the settings that it is refused with. */
export interface DemoSettings {
  readonly demo: NonNullable<Configuration['demo']>;
  readonly tokens: TokenSettings;
  readonly passage: EmbeddedPassageSettings;
}

/** What to change so that the demo runs, as parts of a sentence; nothing if it does. */
export function stepsToDemo({ env, environment }: EnvironmentReader, host: string): string[] {
  const names = namesAgainstDemo(env);
  return [
    ...(names.length > 0 ? [`unset ${names.join(', ')}`] : []),
    ...(environment === 'development' ? [] : ['unset NODE_ENV']),
    ...(isLoopback(host) ? [] : ['unset HOST']),
  ];
}

/**
 * The demo's own app and keys. Makes its secrets in the embedded database's directory, unless there are problems
 * already: a start that is refused leaves nothing behind.
 */
export function readDemoSettings(
  reader: EnvironmentReader,
  port: number,
  directory: string,
): DemoSettings | undefined {
  const lifetimes = readLifetimes(reader);
  if (port === 0) {
    reader.report('Set PORT to a number from 1 to 65535: the demo’s passkeys are bound to its address.');
  }
  if (reader.problems.length > 0) return undefined;
  const secrets = keepDemoSecrets(directory);
  if ('problem' in secrets) return reader.report(secrets.problem);
  const origin = `http://localhost:${port}`;
  const app: AppSettings = { id: 'demo', name: 'Keyway demo', origins: [origin], rpId: 'localhost' };
  const signingKey = createSecretKey(secrets.tokenSecret);
  return {
    demo: { signingKey },
    tokens: {
      key: { kind: 'secret', key: signingKey },
      issuer: `${origin}/demo`,
      audience: 'keyway-demo',
      algorithms: ['HS256'],
    },
    passage: redact({ mode: 'embedded', app, secrets: [secrets.keywaySecret], lifetimes }, 'secrets'),
  };
}
