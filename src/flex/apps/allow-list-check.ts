import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Configuration } from '../../config/configuration.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

const WITH_ALLOW_LIST = statement(
  'apps.with-allow-list',
  'select id from apps where aaguid_allow is not null order by id',
);

/** Warns at the start of apps that take certain authenticators only, while there is nothing for these to prove it by. */
@Injectable()
export class AllowListCheck implements OnApplicationBootstrap {
  private readonly log = new Logger(AllowListCheck.name);

  constructor(
    private readonly database: Database,
    private readonly configuration: Configuration,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.configuration.fidoMetadataFile !== null) return;
    const apps = await this.database.query<{ id: string }>(WITH_ALLOW_LIST, []);
    if (apps.length === 0) return;
    this.log.warn(
      `FIDO_METADATA_FILE is not set, so nobody can register a passkey with ${apps.map(({ id }) => id).join(', ')}: ` +
        'allowed AAGUIDs have to be proven by it.',
    );
  }
}
