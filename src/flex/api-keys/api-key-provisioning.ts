import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { type AppSettings, Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { Database, type DatabaseTransaction } from '../../database/database.js';
import { AppProvisioning } from '../apps/app-provisioning.js';
import { hashApiKeySecret, parseApiKey } from './api-key.js';
import { ApiKeyRepository } from './api-key.repository.js';

/** Brings the app of the `APP_*` settings and its API key up to date at each start: both, or neither. */
@Injectable()
export class ApiKeyProvisioning implements OnModuleInit {
  private readonly log = new Logger(ApiKeyProvisioning.name);

  constructor(
    private readonly database: Database,
    private readonly apps: AppProvisioning,
    private readonly keys: ApiKeyRepository,
    private readonly configuration: Configuration,
  ) {}

  /** Throws an Error that says what to set, and then nothing was changed. */
  async onModuleInit(): Promise<void> {
    const { app } = embeddedPassageOf(this.configuration);
    await this.database.transaction(async (tx) => {
      await this.apps.provision(app, tx);
      await this.provisionKey(app, tx);
    });
  }

  /**
   * Keeps the key of `APP_API_KEY` valid, and its predecessors for a day. Warns of one that has ended: replicas have to start
   * with it where an earlier release is rolled out again.
   */
  private async provisionKey(
    { id: appId, apiKey, apiKeyScopes }: AppSettings,
    tx: DatabaseTransaction,
  ): Promise<void> {
    const parts = apiKey && parseApiKey(apiKey);
    if (!parts) return;
    const key = { id: parts.id, secretHash: hashApiKeySecret(parts.secret), scopes: apiKeyScopes ?? null };
    const outcome = await this.keys.keepFromSettings(appId, key, tx);
    if (outcome === 'foreign') throw new Error('Set a new key in APP_API_KEY: another key has its id.');
    if (outcome === 'ended') {
      this.log.warn(
        'The key in APP_API_KEY was revoked or has expired: calls with it are refused. Set a new one.',
      );
    }
  }
}
