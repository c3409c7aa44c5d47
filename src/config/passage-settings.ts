import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppVariables } from './app-settings.js';
import { type Configuration, type Lifetimes, LIFETIMES, type PassageSettings } from './configuration.js';
import type { Environment } from './environment.js';
import { KeywaySecretVariables } from './keyway-secrets.js';
import { redact } from './redaction.js';
import { RemotePassageVariables } from './remote-passage-settings.js';
import {
  namesOf,
  type ReadVariables,
  readVariables,
  type Rule,
  Setting,
  Together,
  Variables,
  wholeNumber,
} from './variables.js';
import { WebhookVariables } from './webhook-settings.js';

const lifetime = (name: keyof Lifetimes) => wholeNumber({ ...LIFETIMES[name], of: 'seconds' });

const readableFile: Rule<unknown> = (text, _group, name) => {
  const path = resolve(text);
  return isReadableFile(path)
    ? undefined
    : `Set ${name} to the path of a readable file: ${path} cannot be read.`;
};

/** Seconds, where the row of an app says nothing. */
export class LifetimeVariables extends Variables<Lifetimes> {
  @Setting(lifetime('handshake'))
  HANDSHAKE_TTL?: string;

  @Setting(lifetime('registerTransaction'))
  REGISTER_TRANSACTION_TTL?: string;

  @Setting(lifetime('authenticateTransaction'))
  AUTHENTICATE_TRANSACTION_TTL?: string;

  @Setting(lifetime('nonce'))
  NONCE_TTL?: string;

  toSettings(): Lifetimes {
    return {
      handshake: Number(this.HANDSHAKE_TTL ?? LIFETIMES.handshake.fallback),
      registerTransaction: Number(this.REGISTER_TRANSACTION_TTL ?? LIFETIMES.registerTransaction.fallback),
      authenticateTransaction: Number(
        this.AUTHENTICATE_TRANSACTION_TTL ?? LIFETIMES.authenticateTransaction.fallback,
      ),
      nonce: Number(this.NONCE_TTL ?? LIFETIMES.nonce.fallback),
    };
  }
}

const RETENTION = { from: 1, to: 3_650, fallback: 90 };

/** For how many days refused ceremonies stay in the audit trail. */
export class EventVariables extends Variables<number> {
  @Setting(wholeNumber({ ...RETENTION, of: 'days' }))
  EVENT_RETENTION_DAYS?: string;

  toSettings(): number {
    return Number(this.EVENT_RETENTION_DAYS ?? RETENTION.fallback);
  }
}

type MetadataFiles = Pick<Configuration, 'authenticatorMetadataFile' | 'fidoMetadataFile'>;

/** What is known of authenticators by their AAGUID. */
export class MetadataVariables extends Variables<MetadataFiles> {
  @Setting(readableFile)
  AUTHENTICATOR_METADATA_FILE?: string;

  @Setting(readableFile)
  FIDO_METADATA_FILE?: string;

  toSettings(): MetadataFiles {
    const pathOf = (text: string | undefined) => (text === undefined ? null : resolve(text));
    return {
      authenticatorMetadataFile: pathOf(this.AUTHENTICATOR_METADATA_FILE),
      fidoMetadataFile: pathOf(this.FIDO_METADATA_FILE),
    };
  }
}

/** The groups of the embedded provider alone. */
export const EMBEDDED_GROUPS = [
  KeywaySecretVariables,
  AppVariables,
  MetadataVariables,
  LifetimeVariables,
  EventVariables,
  WebhookVariables,
] as const;

/** Which provider there is; the settings of the other one contradict it. */
@Together<PassageVariables>(({ env, mode }) => {
  if (mode === 'remote') {
    const names = EMBEDDED_GROUPS.flatMap(namesOf);
    return contradiction(env, names, 'the provider of PASSAGE_MODE remote has its own');
  }
  if (mode !== 'embedded') return undefined;
  const names = namesOf(RemotePassageVariables);
  return contradiction(env, names, 'nothing reads that unless PASSAGE_MODE is remote');
})
export class PassageVariables extends Variables<string> {
  @Setting((text) =>
    text === 'embedded' || text === 'remote'
      ? undefined
      : 'Set PASSAGE_MODE to embedded or remote, or unset it for embedded.',
  )
  PASSAGE_MODE?: string;

  get mode(): string {
    return this.PASSAGE_MODE ?? 'embedded';
  }

  toSettings(): string {
    return this.mode;
  }
}

/** Groups that were read, and what they amount to; that is to be asked for only if no group has a problem. */
export interface ReadGroups<Settings> {
  readonly groups: readonly ReadVariables<unknown>[];
  readonly settings: () => Settings;
}

/** `PASSAGE_MODE` with the settings of the provider that it chooses; nothing is asked of a provider that is neither. */
export function readPassage(env: Environment): ReadGroups<PassageSettings> {
  const passage = readVariables(PassageVariables, env);
  if (passage.variables.mode === 'remote') {
    const remote = readVariables(RemotePassageVariables, env);
    return { groups: [passage, remote], settings: () => remote.variables.toSettings() };
  }
  if (passage.variables.mode !== 'embedded') return { groups: [passage], settings: () => null as never };
  const secrets = readVariables(KeywaySecretVariables, env);
  const app = readVariables(AppVariables, env);
  const lifetimes = readVariables(LifetimeVariables, env);
  const events = readVariables(EventVariables, env);
  const webhooks = readVariables(WebhookVariables, env);
  const settings = () => {
    const parts = {
      app: app.variables.toSettings(),
      secrets: secrets.variables.toSettings(),
      lifetimes: lifetimes.variables.toSettings(),
      eventRetentionDays: events.variables.toSettings(),
      webhookNetworks: webhooks.variables.toSettings(),
    };
    return redact({ mode: 'embedded' as const, ...parts }, 'secrets');
  };
  return { groups: [passage, secrets, app, lifetimes, events, webhooks], settings };
}

function contradiction(env: Environment, names: readonly string[], why: string): string | undefined {
  const given = names.map((name) => env.givenAs(name)).filter((name) => name !== undefined);
  return given.length === 0 ? undefined : `Unset ${given.join(' and ')}: ${why}.`;
}

function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
