import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import {
  type Configuration,
  embeddedPassageOf,
  type RemotePassageSettings,
} from '../../src/config/configuration.js';
import type { Passage } from '../../src/passage/passage.js';
import { FlexClient } from '../../src/passage/remote/flex-client.js';
import { PROVIDER_LIMITS, type ProviderLimits } from '../../src/passage/remote/provider-limits.js';
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
  const app = await buildApp({ passage: { ...passage, app: { ...passage.app, apiKey } }, ...changes });
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
  const flex = new FlexClient(settings, { ...PROVIDER_LIMITS, ...limits });
  return new RemotePassage(flex, new RemoteApp(flex));
}
