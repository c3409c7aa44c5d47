import { FidoMetadata } from '../authenticators/fido-metadata.js';
import { readMetadataFile } from '../authenticators/metadata-file.js';
import type { Configuration, DatabaseSettings } from '../config/configuration.js';
import {
  ignoredNames,
  insecureKeys,
  reachableNetworks,
  type ReadConfiguration,
  readConfiguration,
} from '../config/load-configuration.js';
import type { DatabaseReport } from '../database/database-report.js';
import type { StoredApp } from '../flex/apps/app.js';
import { provisionedApp, rpIdTaken } from '../flex/apps/app-provisioning.js';
import { checkDatabase } from './database-check.js';
import { type Finding, findingsOf } from './finding.js';
import { checkOrigins, checkProvider, checkPublicUrl } from './origins-check.js';
import { checkRedis } from './redis-check.js';
import { checkTokenKeys } from './token-keys-check.js';
import type { WebTerms } from './web.js';
import { checkWellKnown } from './well-known-check.js';

/** Whom to examine. */
export interface Patient {
  readonly variables: NodeJS.ProcessEnv;
  /** Of Keyway. */
  readonly version: string;
  /** The apps in the database, whose schema is up to date. */
  readonly appsIn: (database: DatabaseSettings) => Promise<readonly StoredApp[]>;
  readonly web?: WebTerms;
}

const settingsCheck = findingsOf('settings');

/**
 * Looks at all that the service needs, each thing as far as it can be looked at without the others: none of it has to
 * run. Changes nothing, but for a count in Redis that lasts for a second.
 */
export async function examine({ variables, version, appsIn, web = {} }: Patient): Promise<Finding[]> {
  const read = readConfiguration(variables);
  const whole = read.groups();
  const { database } = whole;
  const stored =
    database?.kind === 'postgresql'
      ? await checkDatabase(database)
      : { findings: embedded(read), report: null };
  const apps = await readApps(stored.report, database, appsIn);
  const looking: (Finding[] | Promise<Finding[]>)[] = [
    [versions(version, stored.report)],
    checkSettings(read, variables),
    checkMetadata(read),
    stored.findings,
    checkApp(whole, apps),
    whole.limits ? checkRedis(whole.limits.redisUrl) : [],
    whole.http && !read.isDemo ? checkPublicUrl(whole.http.publicUrl, web) : [],
    checkOrigins(originsOf(whole, apps), web),
    apps === null ? [] : checkWellKnown(apps, web),
    whole.passage ? checkProvider(whole.passage, web) : [],
    whole.tokens ? checkTokenKeys(whole.tokens) : [],
    unseen(whole, apps, read.isDemo),
  ];
  const parts = await Promise.all(looking.map((each) => Promise.resolve(each)));
  return parts.flat();
}

type Whole = ReturnType<ReadConfiguration['groups']>;

function versions(version: string, report: DatabaseReport | null): Finding {
  const schema = report?.migrations?.applied.at(-1) ?? 'unknown';
  const server = report ? `PostgreSQL ${report.version}` : 'PostgreSQL unknown';
  const sentence = `Keyway ${version}, Node ${process.versions.node}, ${server}, schema ${schema}.`;
  return findingsOf('versions').ok(sentence);
}

function checkSettings(read: ReadConfiguration, variables: NodeJS.ProcessEnv): Finding[] {
  const { ok, warn, fail } = settingsCheck;
  const ignored = ignoredNames(variables);
  const warnings = [ignored === undefined ? undefined : `${ignored}.`, ...warningsOf(read)];
  const verdicts =
    read.problems.length > 0
      ? read.problems.map((problem) => fail(problem))
      : [ok(read.isDemo ? 'No settings are given: npm start runs the demo.' : 'All settings are valid.')];
  return [...verdicts, ...warnings.flatMap((it) => (it === undefined ? [] : [warn(it)]))];
}

function warningsOf({ problems, isDemo, settings }: ReadConfiguration): (string | undefined)[] {
  if (problems.length > 0 || isDemo) return [];
  const configuration = settings();
  return [insecureKeys(configuration), reachableNetworks(configuration)];
}

/** Reads the files as a start does. */
async function checkMetadata({ problems, isDemo, settings }: ReadConfiguration): Promise<Finding[]> {
  if (problems.length > 0 || isDemo) return [];
  const { authenticatorMetadataFile: names, fidoMetadataFile: models } = settings();
  const { ok, fail } = findingsOf('metadata-files');
  const paths = [names, models].filter((path) => path !== null);
  if (paths.length === 0) return [];
  try {
    if (names !== null) readMetadataFile(names);
    if (models !== null) await FidoMetadata.load(models);
    return [ok(`${paths.join(' and ')} can be used.`)];
  } catch (error) {
    return [fail((error as Error).message)];
  }
}

function embedded({ groups }: ReadConfiguration): Finding[] {
  const { database } = groups();
  if (database?.kind !== 'embedded') return [];
  return [
    findingsOf('database').ok(
      `The database is the embedded one in ${database.directory}, for the demo and for development.`,
    ),
  ];
}

/** Null where they cannot be read. */
async function readApps(
  report: DatabaseReport | null,
  database: DatabaseSettings | undefined,
  appsIn: Patient['appsIn'],
): Promise<readonly StoredApp[] | null> {
  const isReady = report?.migrations?.missing.length === 0 && report.forbidden.length === 0;
  return isReady && database ? appsIn(database).catch(() => null) : null;
}

/** What a start would say of the app of the `APP_*` settings. */
function checkApp({ passage }: Whole, apps: readonly StoredApp[] | null): Finding[] {
  if (apps === null || passage?.mode !== 'embedded') return [];
  const { ok, fail } = findingsOf('app');
  const { id, rpId } = passage.app;
  const owner = apps.find((app) => app.rpId === rpId);
  try {
    if (owner && owner.id !== id) throw rpIdTaken(owner.rpId, owner.id);
    const app = provisionedApp(passage.app, apps.find((it) => it.id === id) ?? null);
    return [ok(`The app ${id} has the RP ID ${app.rpId} and the origins ${app.origins.join(', ')}.`)];
  } catch (error) {
    return [fail((error as Error).message)];
  }
}

/** The web origins of all apps that browsers find by name and certificate, each once. */
function originsOf({ passage }: Whole, apps: readonly StoredApp[] | null): string[] {
  const named = passage?.mode === 'embedded' ? (passage.app.origins ?? []) : [];
  const stored = (apps ?? []).flatMap(({ origins, relatedOrigins }) => [...origins, ...relatedOrigins]);
  return [...new Set([...named, ...stored])].filter((origin) => origin.startsWith('https:'));
}

/** What was not looked at, so that nobody takes it for good. */
function unseen(whole: Whole, apps: readonly StoredApp[] | null, isDemo: boolean): Finding[] {
  if (isDemo) return [];
  const names: Readonly<Partial<Record<keyof Configuration, string>>> = {
    database: 'the database',
    limits: 'Redis',
    http: 'PUBLIC_URL',
    passage: 'the app of APP_ID',
    tokens: 'the keys of tokens',
  };
  const missing = Object.entries(names).flatMap(([group, name]) => (group in whole ? [] : [name]));
  const all = [
    ...missing,
    ...(apps === null && whole.database?.kind === 'postgresql'
      ? ['the origins and well-known documents of the apps in the database']
      : []),
  ];
  if (all.length === 0) return [];
  return [findingsOf('unseen').warn(`Not looked at before the above is mended: ${all.join(', ')}.`)];
}
