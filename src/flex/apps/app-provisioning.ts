import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type AppSettings, Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { originsOutside } from '../../config/origin-rules.js';
import { Database, DatabaseTransaction } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { ApiKeyProvisioning } from '../api-keys/api-key-provisioning.js';

const LOCK = statement('apps.lock', `select pg_advisory_xact_lock(hashtextextended('keyway:app:' || $1, 0))`);
const EXISTS = statement('apps.exists', 'select 1 from apps where id = $1');
const RP_ID_OWNER = statement('apps.rp-id-owner', 'select id from apps where rp_id = $1 and id <> $2');

const CREATE = statement(
  'apps.create',
  'insert into apps (id, name, origins, rp_id) values ($1, $2, $3, $4)',
);

const UPDATE = statement(
  'apps.update',
  `update apps set name = coalesce($2, name), origins = coalesce($3, origins), rp_id = coalesce($4, rp_id), updated_at = now()
   where id = $1 and (name, origins, rp_id) is distinct from
     (coalesce($2, name), coalesce($3::text[], origins), coalesce($4, rp_id))`,
);

const ORIGINS = statement('apps.origins', 'select origins, rp_id as "rpId" from apps where id = $1');

/** Makes the app of the `APP_*` settings at each start, or overwrites just the columns those settings name. */
@Injectable()
export class AppProvisioning implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly apiKeys: ApiKeyProvisioning,
    private readonly configuration: Configuration,
  ) {}

  /** Throws a sentence that says what to set. */
  async onModuleInit(): Promise<void> {
    const { app } = embeddedPassageOf(this.configuration);
    await this.database.transaction(async (tx) => {
      // Replicas that start at once take turns.
      await tx.query(LOCK, [app.id]);
      await this.claimRpId(app, tx);
      const [exists] = await tx.query(EXISTS, [app.id]);
      if (exists)
        await tx.query(
          UPDATE,
          [app.id, app.name, app.origins, app.rpId].map((it) => it ?? null),
        );
      else await this.create(app, tx);
      await this.requireOriginsWithinRpId(app, tx);
      await this.apiKeys.provision(app, tx);
    });
  }

  private async create({ id, name, origins, rpId }: AppSettings, tx: DatabaseTransaction): Promise<void> {
    if (!origins || !rpId) {
      throw new Error(
        `The app ${id} does not exist yet: set APP_ORIGINS and APP_RP_ID so that it can be made.`,
      );
    }
    await tx.query(CREATE, [id, name ?? id, origins, rpId]);
  }

  /** The settings may name one of the two: it has to fit what is there of the other. */
  private async requireOriginsWithinRpId(
    { id, origins, rpId }: AppSettings,
    tx: DatabaseTransaction,
  ): Promise<void> {
    if (!origins && !rpId) return;
    const [app] = await tx.query<{ origins: string[]; rpId: string }>(ORIGINS, [id]);
    const outside = app ? originsOutside(app.origins, app.rpId) : [];
    if (outside.length > 0)
      throw new Error(
        `The app ${id} has the RP ID ${app!.rpId}, whose passkeys do not work on ${outside.join(', ')}: ` +
          'set APP_ORIGINS and APP_RP_ID so that they fit.',
      );
  }

  private async claimRpId({ id, rpId }: AppSettings, tx: DatabaseTransaction): Promise<void> {
    if (!rpId) return;
    const [owner] = await tx.query<{ id: string }>(RP_ID_OWNER, [rpId, id]);
    if (owner)
      throw new Error(
        `APP_RP_ID ${rpId} belongs to the app ${owner.id}: set another APP_RP_ID or that APP_ID.`,
      );
  }
}
