import { ConfigurationError } from './configuration-error.js';
import type { Configuration, DatabaseSettings } from './configuration.js';
import { readDatabaseSettings } from './database-settings.js';
import { deepFreeze } from './deep-freeze.js';
import { readDemoSettings, stepsToDemo } from './demo-settings.js';
import { EnvironmentReader } from './environment-reader.js';
import { readHttpSettings } from './http-settings.js';
import { assertNodeVersion } from './node-version.js';
import { readMetadataFile } from './metadata-file.js';
import { readPassageSettings } from './passage-settings.js';
import { readTokenSettings } from './token-settings.js';

/**
 * Reads and checks everything there is to configure; frozen, and without its secrets when it is logged. Throws a
 * `ConfigurationError` with all that is wrong. Writes to the disk in the demo alone, whose secrets it makes.
 */
export function loadConfiguration(env: NodeJS.ProcessEnv = process.env): Configuration {
  assertNodeVersion();
  const reader = new EnvironmentReader(env);
  reader.reportUnknownNames();
  const http = readHttpSettings(reader);
  const database = readDatabaseSettings(reader);
  const authenticatorMetadataFile = readMetadataFile(reader, 'AUTHENTICATOR_METADATA_FILE');
  const fidoMetadataFile = readMetadataFile(reader, 'FIDO_METADATA_FILE');
  const steps = stepsToDemo(reader, http.host);
  const others =
    steps.length === 0 && database?.kind === 'embedded'
      ? readDemoSettings(reader, http.port, database.directory)
      : readOwnSettings(reader);
  if (reader.isIncomplete && !reader.isProduction) {
    reader.report(`To run the demo instead, which needs none of these settings, ${steps.join(' and ')}.`);
  }
  if (reader.problems.length > 0 || !database || !others) throw new ConfigurationError(reader.problems);
  return deepFreeze({
    environment: reader.environment,
    http,
    database,
    authenticatorMetadataFile,
    fidoMetadataFile,
    ...others,
  });
}

/** The database alone, for commands that need nothing else. Throws a `ConfigurationError` with all that is wrong. */
export function loadDatabaseSettings(env: NodeJS.ProcessEnv = process.env): DatabaseSettings {
  assertNodeVersion();
  const reader = new EnvironmentReader(env);
  reader.reportUnknownNames(/^(DATABASE|DATA)_/);
  const database = readDatabaseSettings(reader);
  if (reader.problems.length > 0 || !database) throw new ConfigurationError(reader.problems);
  return deepFreeze(database);
}

function readOwnSettings(
  reader: EnvironmentReader,
): Pick<Configuration, 'demo' | 'tokens' | 'passage'> | undefined {
  const tokens = readTokenSettings(reader);
  const passage = readPassageSettings(reader);
  return tokens && passage && { demo: null, tokens, passage };
}
