import { type Configuration, type DatabaseSettings, issuersOf } from './configuration.js';
import { DatabaseVariables } from './database-settings.js';
import { demoSettings, DemoVariables, stepsToDemo } from './demo-settings.js';
import { assertNodeVersion, ConfigurationError, Environment } from './environment.js';
import { HttpVariables } from './http-settings.js';
import { IdentityVariables } from './identity-settings.js';
import { LimitVariables } from './limit-settings.js';
import { EventVariables, MetadataVariables, type ReadGroups, readPassage } from './passage-settings.js';
import { deepFreeze } from './redaction.js';
import { foreignNames, misspeltNames } from './setting-names.js';
import { TokenVariables } from './token-settings.js';
import { UsernameVariables } from './username-settings.js';
import { type ReadVariables, readVariables, type Variables } from './variables.js';
import { WebhookVariables } from './webhook-settings.js';

/** What is the demo's own, or the service's. */
type ModeSettings = Pick<Configuration, 'demo' | 'tokens' | 'passage'>;

/** What the environment says, as far as it can be understood. */
export interface ReadConfiguration {
  /** A sentence for each thing to set; none if the service can start by these settings. */
  readonly problems: readonly string[];
  readonly isDemo: boolean;
  /** Only where there are no problems. Writes to the disk in the demo alone, whose secrets it makes. */
  readonly settings: () => Configuration;
  /** The groups of settings that are whole, whatever is wrong with the others; undefined for those that are not. */
  readonly groups: () => Partial<Pick<Configuration, 'http' | 'database' | 'limits' | 'tokens' | 'passage'>>;
}

/** Reads and checks everything there is to configure, and throws nothing but what {@link assertNodeVersion} throws. */
export function readConfiguration(variables: NodeJS.ProcessEnv = process.env): ReadConfiguration {
  assertNodeVersion();
  const env = new Environment(variables);
  const http = readVariables(HttpVariables, env);
  const database = readVariables(DatabaseVariables, env);
  const limits = readVariables(LimitVariables, env);
  const metadata = readVariables(MetadataVariables, env);
  const identity = readVariables(IdentityVariables, env);
  const steps = stepsToDemo(http.variables);
  const isDemo = steps.length === 0;
  const mode = isDemo ? readDemo(env, http.variables, database.variables) : readService(env);
  const all = [http, database, limits, metadata, identity, ...mode.groups];
  const problems = [...misspeltNames(env), ...all.flatMap((read) => read.problems)];
  if (all.some(({ isIncomplete }) => isIncomplete) && !env.isProduction) {
    problems.push(`To run the demo instead, which needs none of these settings, ${steps.join(' and ')}.`);
  }
  const settings = () => {
    const ofMode = mode.settings();
    const claim = identity.variables.toSettings();
    return deepFreeze({
      environment: env.kind,
      http: http.variables.toSettings(),
      database: database.variables.toSettings(),
      limits: limits.variables.toSettings(),
      ...metadata.variables.toSettings(),
      externalIdClaim: claim && { name: claim.name, issuer: claim.issuer ?? issuersOf(ofMode)[0]! },
      ...ofMode,
    });
  };
  const groups = () => ({
    ...whole('http', http),
    ...whole('database', database),
    ...whole('limits', limits),
    ...(isDemo ? {} : wholeOfService(env)),
  });
  return { problems, isDemo, settings, groups };
}

/**
 * Reads and checks everything there is to configure; frozen, and without its secrets when it is logged. Throws a
 * `ConfigurationError` with all that is wrong. Writes to the disk in the demo alone, whose secrets it makes.
 */
export function loadConfiguration(variables: NodeJS.ProcessEnv = process.env): Configuration {
  const { problems, settings } = readConfiguration(variables);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return settings();
}

/** The database alone, for commands that need nothing else. Throws a `ConfigurationError` with all that is wrong. */
export function loadDatabaseSettings(variables: NodeJS.ProcessEnv = process.env): DatabaseSettings {
  assertNodeVersion();
  const env = new Environment(variables);
  const database = readVariables(DatabaseVariables, env);
  const problems = [...misspeltNames(env, /^(DATABASE|DATA)_/), ...database.problems];
  if (problems.length > 0) throw new ConfigurationError(problems);
  return deepFreeze(database.variables.toSettings());
}

/**
 * A sentence that names the variables which look like settings of Keyway and are other programs'; undefined if there are
 * none.
 */
export function ignoredNames(variables: NodeJS.ProcessEnv = process.env): string | undefined {
  const names = foreignNames(new Environment(variables));
  return names.length === 0 ? undefined : `Ignored, as they are not settings of Keyway: ${names.join(', ')}`;
}

/** A sentence of warning if the keys of tokens come over plain http; undefined if they do not. */
export function insecureKeys({ tokens }: Pick<Configuration, 'tokens'>): string | undefined {
  const uris = tokens.issuers.flatMap(({ keys }) =>
    keys.kind === 'jwks' && keys.isInsecure ? keys.uri : [],
  );
  return uris.length === 0
    ? undefined
    : `JWT_JWKS_INSECURE is true: a host that answers in place of ${[...new Set(uris)].join(', ')} can sign in as any user. ` +
        'Use https where you can.';
}

/** A sentence of warning if webhooks may reach private networks in production; undefined if they may not. */
export function reachableNetworks({
  environment,
  passage,
}: Pick<Configuration, 'environment' | 'passage'>): string | undefined {
  if (environment !== 'production' || passage.mode !== 'embedded') return undefined;
  const { webhookNetworks: networks } = passage;
  return networks.length === 0
    ? undefined
    : `WEBHOOK_ALLOWED_NETWORKS lets webhooks reach ${networks.join(', ')}: everybody who may make a webhook can make Keyway post there.`;
}

/** A group by its name, if nothing is wrong with it. */
const whole = <Name extends string, Settings>(
  name: Name,
  { variables, problems }: ReadVariables<Variables<Settings>>,
): Partial<Record<Name, Settings>> =>
  (problems.length > 0 ? {} : { [name]: variables.toSettings() }) as Partial<Record<Name, Settings>>;

function wholeOfService(env: Environment): Partial<Pick<Configuration, 'tokens' | 'passage'>> {
  const tokens = readVariables(TokenVariables, env);
  const username = readVariables(UsernameVariables, env);
  const passage = readPassage(env);
  const isWhole = passage.groups.every(({ problems }) => problems.length === 0);
  return {
    ...(tokens.problems.length === 0 &&
      username.problems.length === 0 && {
        tokens: { ...tokens.variables.toSettings(), usernameClaims: username.variables.toSettings() },
      }),
    ...(isWhole && { passage: passage.settings() }),
  };
}

function readDemo(
  env: Environment,
  http: HttpVariables,
  database: DatabaseVariables,
): ReadGroups<ModeSettings> {
  const demo = readVariables(DemoVariables, env);
  const username = readVariables(UsernameVariables, env);
  const events = readVariables(EventVariables, env);
  const webhooks = readVariables(WebhookVariables, env);
  const settings = () => {
    const stored = database.toSettings();
    if (stored.kind !== 'embedded') throw new Error('The demo runs on the embedded database.');
    const given = {
      lifetimes: demo.variables.toSettings(),
      eventRetentionDays: events.variables.toSettings(),
      webhookNetworks: webhooks.variables.toSettings(),
    };
    const demos = demoSettings(given, http.toSettings().port, stored.directory);
    return { ...demos, tokens: { ...demos.tokens, usernameClaims: username.variables.toSettings() } };
  };
  return { groups: [demo, username, events, webhooks], settings };
}

function readService(env: Environment): ReadGroups<ModeSettings> {
  const tokens = readVariables(TokenVariables, env);
  const username = readVariables(UsernameVariables, env);
  const passage = readPassage(env);
  const settings = () => ({
    demo: null,
    tokens: { ...tokens.variables.toSettings(), usernameClaims: username.variables.toSettings() },
    passage: passage.settings(),
  });
  return { groups: [tokens, username, ...passage.groups], settings };
}
