import { createSecretKey, randomBytes } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { createApplication } from '../../src/application.js';
import type { Configuration, DatabaseSettings } from '../../src/config/configuration.js';
import { Environment } from '../../src/config/environment.js';
import { LimitVariables } from '../../src/config/limit-settings.js';
import { Database } from '../../src/database/database.js';
import { createTestDatabase } from './test-database.js';

/** The tokens, app and addresses every test application is made with. */
export const TEST = {
  issuer: 'https://login.example.com',
  audience: 'keyway-test',
  appId: 'shop',
  rpId: 'shop.example',
  origin: 'https://shop.example',
  publicUrl: 'https://passkeys.shop.example',
  tokenSecret: randomBytes(32),
} as const;

/** The limits that hold where the settings say nothing. */
export const LIMITS = new LimitVariables(new Environment({})).toSettings();

export interface TestApp {
  readonly application: NestFastifyApplication;
  readonly configuration: Configuration;
  readonly database: Database;
  /** Every line the service logged, as JSON text. */
  readonly logLines: string[];
  close(): Promise<void>;
}

/** A configuration as `loadConfiguration` gives it, with what a test wants changed. */
export function aConfiguration(
  database: DatabaseSettings,
  changes: Partial<Configuration> = {},
): Configuration {
  const key = createSecretKey(TEST.tokenSecret);
  return {
    environment: 'test',
    demo: null,
    http: { host: '127.0.0.1', port: 0, publicUrl: TEST.publicUrl, trustProxy: false },
    limits: LIMITS,
    database,
    tokens: {
      issuers: [
        {
          name: TEST.issuer,
          audience: TEST.audience,
          keys: { kind: 'given', keys: [{ key, algorithms: ['HS256'] }] },
        },
      ],
      algorithms: ['HS256'],
      audienceClaim: null,
      usernameClaims: ['preferred_username', 'username', 'cognito:username', 'email', 'upn', 'name'],
    },
    externalIdClaim: null,
    passage: {
      mode: 'embedded',
      app: { id: TEST.appId, name: 'The Shop', origins: [TEST.origin], rpId: TEST.rpId },
      secrets: [randomBytes(32)],
      lifetimes: { handshake: 300, registerTransaction: 300, authenticateTransaction: 900, nonce: 300 },
      eventRetentionDays: 90,
      webhookNetworks: [],
    },
    authenticatorMetadataFile: null,
    fidoMetadataFile: null,
    ...changes,
  };
}

/** The whole service on a PostgreSQL database of its own, migrated; nothing in it is replaced. */
export async function buildApp(changes: Partial<Configuration> = {}): Promise<TestApp> {
  const testDatabase = await createTestDatabase();
  const settings: DatabaseSettings = { kind: 'postgresql', url: testDatabase.url, poolMax: 10 };
  const schema = await Database.open(settings, 'commands');
  await schema.migrate();
  await schema.close();
  const app = await buildAppOn(settings, changes);
  return {
    ...app,
    close: async () => {
      await app.close();
      await testDatabase.drop();
    },
  };
}

/** The whole service on a database that is there already. */
export async function buildAppOn(
  settings: DatabaseSettings,
  changes: Partial<Configuration> = {},
): Promise<TestApp> {
  const logLines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  const configuration = aConfiguration(settings, changes);
  const application = await createApplication(configuration, log);
  return {
    application,
    configuration,
    database: application.get(Database, { strict: false }),
    logLines,
    close: () => application.close(),
  };
}

/** A second process on the same database, with the same secrets. */
export function aReplicaOf(app: TestApp, changes: Partial<Configuration> = {}): Promise<TestApp> {
  const { database, passage } = app.configuration;
  return buildAppOn(database, { passage, ...changes });
}
