import { createSecretKey } from 'node:crypto';
import { isLoopback } from './addresses.js';
import { AppVariables } from './app-settings.js';
import type {
  AppSettings,
  Configuration,
  EmbeddedPassageSettings,
  VerificationSettings,
} from './configuration.js';
import { keepDemoSecrets } from './demo-secrets.js';
import { ConfigurationError } from './environment.js';
import type { HttpVariables } from './http-settings.js';
import { KeywaySecretVariables } from './keyway-secrets.js';
import { LifetimeVariables, PassageVariables } from './passage-settings.js';
import { RemotePassageVariables } from './remote-passage-settings.js';
import { redact } from './redaction.js';
import { TokenVariables } from './token-settings.js';
import { namesOf, Setting } from './variables.js';

/** What the demo has instead of the settings that it is refused with. */
export type DemoSettings = Pick<Configuration, 'demo' | 'passage'> & {
  readonly tokens: VerificationSettings;
};

/** Names that keep the demo from running. */
const NOT_IN_DEMO = [
  ...[TokenVariables, AppVariables, PassageVariables, RemotePassageVariables, KeywaySecretVariables].flatMap(
    namesOf,
  ),
  'DATABASE_URL',
  'PUBLIC_URL',
  'TRUST_PROXY',
  'REDIS_URL',
];

/** The demo's own rules on what it shares with the service. */
export class DemoVariables extends LifetimeVariables {
  @Setting((text) =>
    text === '0'
      ? 'Set PORT to a number from 1 to 65535: the demo’s passkeys are bound to its address.'
      : undefined,
  )
  PORT?: string;
}

/** What to change so that the demo runs, as parts of a sentence; nothing if it does. */
export function stepsToDemo({ env, host }: HttpVariables): string[] {
  const names = NOT_IN_DEMO.flatMap((name) => env.givenAs(name) ?? []).sort();
  return [
    ...(names.length > 0 ? [`unset ${names.join(', ')}`] : []),
    ...(env.kind === 'development' ? [] : ['unset NODE_ENV']),
    ...(isLoopback(host) ? [] : ['unset HOST']),
  ];
}

/**
 * The demo's own app and keys. Makes its secrets in the directory of the embedded database; throws a
 * `ConfigurationError` if that cannot be.
 */
export function demoSettings(
  given: Pick<EmbeddedPassageSettings, 'lifetimes' | 'eventRetentionDays' | 'webhookNetworks'>,
  port: number,
  directory: string,
): DemoSettings {
  const secrets = keepDemoSecrets(directory);
  if ('problem' in secrets) throw new ConfigurationError([secrets.problem]);
  const origin = `http://localhost:${port}`;
  const app: AppSettings = {
    id: DEMO_APP,
    name: 'Keyway demo',
    origins: [origin],
    rpId: 'localhost',
    stepUp: 'either',
    conditionalCreate: 'on',
  };
  const key = createSecretKey(secrets.tokenSecret);
  return {
    demo: { signingKey: key },
    tokens: {
      issuers: [
        {
          name: `${origin}/demo`,
          audience: 'keyway-demo',
          keys: { kind: 'given', keys: [{ key, algorithms: ['HS256'] }] },
        },
      ],
      algorithms: ['HS256'],
      audienceClaim: null,
    },
    passage: redact({ mode: 'embedded', app, secrets: [secrets.keywaySecret], ...given }, 'secrets'),
  };
}

/** The id of the demo's app. */
export const DEMO_APP = 'demo';
