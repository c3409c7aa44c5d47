import { type DynamicModule, Injectable, Module } from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { ConfigModule } from '../config/config.module.js';
import {
  Configuration,
  type DatabaseSettings,
  embeddedPassageOf,
  issuerAmong,
} from '../config/configuration.js';
import { DEMO_APP } from '../config/demo-settings.js';
import { ConfigurationError, Environment } from '../config/environment.js';
import { keepDemoSecrets } from '../config/demo-secrets.js';
import { KeywaySecretVariables } from '../config/keyway-secrets.js';
import { issuersIn } from '../config/identity-settings.js';
import { HttpVariables } from '../config/http-settings.js';
import { LimitVariables } from '../config/limit-settings.js';
import { EventVariables, LifetimeVariables } from '../config/passage-settings.js';
import { readVariables, type Variables } from '../config/variables.js';
import { WebhookVariables } from '../config/webhook-settings.js';
import { OperatorError } from '../errors/operator-error.js';
import { DatabaseModule } from '../database/database.module.js';
import { COMMAND_LINE } from '../events/actor.js';
import { EventsModule } from '../events/events.module.js';
import { ApiKeysModule } from '../flex/api-keys/api-keys.module.js';
import { ApiKeysService } from '../flex/api-keys/api-keys.service.js';
import { AppsModule } from '../flex/apps/apps.module.js';
import { AppsService } from '../flex/apps/apps.service.js';
import type { EventsService } from '../flex/events/events.service.js';
import type { StatsService } from '../flex/stats/stats.service.js';
import type { DevicesService } from '../flex/devices/devices.service.js';
import type { IdentitiesService } from '../flex/users/identities.service.js';
import type { PurgeService } from '../flex/purge.service.js';
import type { UsersService } from '../flex/users/users.service.js';
import type { WebhooksService } from '../flex/webhooks/webhooks.service.js';
import type { ExportService } from '../transfer/export.service.js';
import type { ImportService } from '../transfer/import.service.js';
import type { ReapplyService } from '../transfer/reapply.service.js';

/**
 * What commands call: the services of the features, and nothing that serves, provisions or runs by itself. Modules that
 * most commands do without are loaded when they are asked for.
 */
@Injectable()
export class Services {
  /** The app that has identities, that of the user's API; empty where it is not known. */
  readonly ownAppId: string;
  /** The issuers of the tokens that the service accepts; empty where they are not known. */
  readonly issuers = issuersIn(new Environment(process.env));

  constructor(
    readonly apps: AppsService,
    readonly keys: ApiKeysService,
    private readonly lazy: LazyModuleLoader,
    configuration: Configuration,
  ) {
    this.ownAppId = embeddedPassageOf(configuration).app.id;
  }

  async users(): Promise<UsersService> {
    const { FlexUsersModule } = await import('../flex/users/users.module.js');
    const { UsersService } = await import('../flex/users/users.service.js');
    return (await this.lazy.load(() => FlexUsersModule)).get(UsersService);
  }

  async identities(): Promise<IdentitiesService> {
    const { FlexUsersModule } = await import('../flex/users/users.module.js');
    const { IdentitiesService } = await import('../flex/users/identities.service.js');
    return (await this.lazy.load(() => FlexUsersModule)).get(IdentitiesService);
  }

  /** The issuer that a command names, or the only one. Throws `invalid_settings` if there is none, or it is another. */
  issuerOf(named: string | undefined): string {
    const issuer = issuerAmong(this.issuers, named);
    if (issuer !== undefined) return issuer;
    throw new OperatorError(
      'invalid_settings',
      named === undefined
        ? 'Give --issuer, the iss claim of the user’s tokens: JWT_ISSUER does not name just one.'
        : 'Give --issuer as one of JWT_ISSUER, exactly as it stands there.',
    );
  }

  /** That of rows which name none; null if they have to name it. Throws `invalid_settings` if the one named is another. */
  usualIssuer(named: string | undefined): string | null {
    return named === undefined ? (issuerAmong(this.issuers, undefined) ?? null) : this.issuerOf(named);
  }

  async devices(): Promise<DevicesService> {
    const { DevicesModule } = await import('../flex/devices/devices.module.js');
    const { DevicesService } = await import('../flex/devices/devices.service.js');
    return (await this.lazy.load(() => DevicesModule)).get(DevicesService);
  }

  async webhooks(): Promise<WebhooksService> {
    const { WebhooksModule } = await import('../flex/webhooks/webhooks.module.js');
    const { WebhooksService } = await import('../flex/webhooks/webhooks.service.js');
    return (await this.lazy.load(() => WebhooksModule)).get(WebhooksService);
  }

  async events(): Promise<EventsService> {
    const { FlexEventsModule } = await import('../flex/events/events.module.js');
    const { EventsService } = await import('../flex/events/events.service.js');
    return (await this.lazy.load(() => FlexEventsModule)).get(EventsService);
  }

  async stats(): Promise<StatsService> {
    const { FlexStatsModule } = await import('../flex/stats/stats.module.js');
    const { StatsService } = await import('../flex/stats/stats.service.js');
    return (await this.lazy.load(() => FlexStatsModule)).get(StatsService);
  }

  async purge(): Promise<PurgeService> {
    const { PurgeModule, PurgeService } = await import('../flex/purge.service.js');
    return (await this.lazy.load(() => PurgeModule)).get(PurgeService);
  }

  async imports(): Promise<ImportService> {
    const { TransferModule } = await import('../transfer/transfer.module.js');
    const { ImportService } = await import('../transfer/import.service.js');
    return (await this.lazy.load(() => TransferModule)).get(ImportService);
  }

  async reapply(): Promise<ReapplyService> {
    const { ReapplyModule, ReapplyService } = await import('../transfer/reapply.service.js');
    return (await this.lazy.load(() => ReapplyModule)).get(ReapplyService);
  }

  async exports(): Promise<ExportService> {
    const { TransferModule } = await import('../transfer/transfer.module.js');
    const { ExportService } = await import('../transfer/export.service.js');
    return (await this.lazy.load(() => TransferModule)).get(ExportService);
  }
}

/** Puts the features together for commands. */
@Module({ imports: [AppsModule, ApiKeysModule], providers: [Services] })
class CommandModule {
  static on(database: DatabaseSettings): DynamicModule {
    const global = [ConfigModule.forRoot(configurationOf(database)), DatabaseModule.for('commands')];
    return { module: CommandModule, imports: [...global, EventsModule.actedBy(COMMAND_LINE)] };
  }
}

/** Opens the services on a database, until `close`. Throws `schema_behind`, or a sentence if it cannot be reached. */
export async function openServices(
  database: DatabaseSettings,
): Promise<{ services: Services; close: () => Promise<void> }> {
  // What the service would log has no place among the answers.
  const options = { logger: false, abortOnError: false } as const;
  const context = await NestFactory.createApplicationContext(CommandModule.on(database), options);
  return { services: context.get(Services), close: () => context.close() };
}

/** The database is all that commands need; of the service's own app it is known which one it is, if `APP_ID` says so. */
function configurationOf(database: DatabaseSettings): Configuration {
  const env = new Environment({});
  const isRemote = process.env.PASSAGE_MODE === 'remote';
  const named = isRemote ? process.env.PASSAGE_APP_ID : process.env.APP_ID;
  const id = named || (database.kind === 'embedded' ? DEMO_APP : '');
  const lifetimes = new LifetimeVariables(env).toSettings();
  const eventRetentionDays = readValid(EventVariables).toSettings();
  return {
    environment: new Environment(process.env).kind,
    demo: null,
    http: new HttpVariables(env).toSettings(),
    limits: new LimitVariables(env).toSettings(),
    database,
    externalIdClaim: null,
    passage: {
      mode: 'embedded',
      app: { id },
      get secrets() {
        return secretsFor(database);
      },
      lifetimes,
      eventRetentionDays,
      webhookNetworks: readValid(WebhookVariables).toSettings(),
    },
    authenticatorMetadataFile: null,
    fidoMetadataFile: null,
    get tokens(): never {
      throw new Error('Commands verify no tokens.');
    },
  };
}

/** What encrypts the secrets of webhooks, where it is known: most commands do without. */
function secretsFor(database: DatabaseSettings): readonly Buffer[] {
  const env = new Environment(process.env);
  if (env.givenAs('KEYWAY_SECRET') !== undefined) return readValid(KeywaySecretVariables).toSettings();
  if (database.kind !== 'embedded') return [];
  const secrets = keepDemoSecrets(database.directory);
  return 'problem' in secrets ? [] : [secrets.keywaySecret];
}

/** Settings from the environment. Throws a `ConfigurationError`. */
function readValid<Group extends Variables<unknown>>(group: new (env: Environment) => Group): Group {
  const { variables, problems } = readVariables(group, new Environment(process.env));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return variables;
}
