import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import {
  type Configuration,
  embeddedPassageOf,
  type RemotePassageSettings,
} from '../../src/config/configuration.js';
import { AppError } from '../../src/errors/app-error.js';
import { Unavailable } from '../../src/errors/unavailable.js';
import type { Passage } from '../../src/passage/passage.js';
import { Provider, PROVIDER_LIMITS, type ProviderLimits } from '../../src/passage/remote/provider.js';
import { RemoteApp } from '../../src/passage/remote/remote-app.js';
import { RemotePassage } from '../../src/passage/remote/remote-passage.js';
import { aConfiguration, buildApp, TEST, type TestApp } from './build-app.js';

/** A Keyway that listens on a port of this machine, for others to have as their provider. */
export interface ListeningProvider {
  readonly app: TestApp;
  readonly settings: RemotePassageSettings;
}

/** Starts one, with an API key for its app. */
export async function startProvider(changes: Partial<Configuration> = {}): Promise<ListeningProvider> {
  const apiKey = `kw_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`;
  const passage = embeddedPassageOf(aConfiguration({ kind: 'embedded', directory: '' }));
  const app = await buildApp({
    passage: { ...passage, app: { ...passage.app, apiKey, apiKeyScopes: ['erase', 'events'] } },
    ...changes,
  });
  await app.application.listen(0, '127.0.0.1');
  const { port } = app.application.getHttpServer().address() as AddressInfo;
  return { app, settings: remoteSettings(port, apiKey) };
}

/** The settings of the test's app at a server on a port of this machine. */
export const remoteSettings = (port: number, apiKey = 'hunter2'): RemotePassageSettings => ({
  mode: 'remote',
  baseUrl: `http://127.0.0.1:${port}/v1`,
  appId: TEST.appId,
  apiKey,
});

/** The remote provider by itself, with other limits if a test cannot wait as long. */
export function remotePassage(
  settings: RemotePassageSettings,
  limits: Partial<ProviderLimits> = {},
): Passage {
  const provider = new Provider(settings, { ...PROVIDER_LIMITS, ...limits });
  return new RemotePassage(provider, new RemoteApp(provider));
}

/** Every method of `Passage`, each with arguments that make sense. */
export const CALLS: Readonly<Record<string, (passage: Passage) => Promise<unknown>>> = {
  getApp: (it) => it.getApp(),
  getUser: (it) => it.getUser('ada'),
  getDevices: (it) => it.getDevices('ada'),
  renameDevice: (it) => it.renameDevice('ada', 'dev_1', 'Work'),
  revokeDevice: (it) => it.revokeDevice('ada', 'dev_1'),
  createRegisterTransaction: (it) => it.createRegisterTransaction('ada', 'Ada'),
  createAuthenticateTransaction: (it) => it.createAuthenticateTransaction('ada'),
  verifyNonce: (it) => it.verifyNonce('nonce'),
  eraseUser: (it) =>
    it.eraseUser('ada', { issuer: 'https://login.example.com', subject: 'ada', stepUp: 'done' }),
  getHistory: (it) => it.getHistory('ada', { limit: 1 }),
};

/** Pauses are short, and no circuit opens unless a test is about that. */
export const BRIEF = { maxPause: 20, failures: 1_000 };

/** The failure that the call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<AppError | Unavailable> {
  const thrown: unknown = await call.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  if (thrown instanceof AppError || thrown instanceof Unavailable) return thrown;
  throw new Error('neither refused nor unavailable', { cause: thrown });
}

/** The call fails because of the provider, for this reason; gives the failure. */
export async function unavailable(passage: Passage, name: string, reason: string): Promise<Unavailable> {
  const failure = await failureOf(CALLS[name]!(passage));
  if (!(failure instanceof Unavailable)) throw failure;
  expect({ code: failure.code, reason: failure.reason }).toEqual({ code: 'provider_unavailable', reason });
  expect(failure.retryAfter).toBeGreaterThanOrEqual(1);
  return failure;
}

/** Every line that is logged from now on, until `Logger.overrideLogger(false)`. */
export function keepLog(): string[] {
  const lines: string[] = [];
  const keep = (text: unknown) => void lines.push(String(text));
  Logger.overrideLogger({ log: keep, warn: keep, error: keep, debug: keep, verbose: keep });
  return lines;
}
