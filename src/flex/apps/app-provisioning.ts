import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type AppSettings, Configuration } from '../../config/configuration.js';
import { originsOutside } from '../../config/app-rules.js';
import type { DatabaseTransaction } from '../../database/database.js';
import { type AppFields, NEW_APP } from './app.js';
import { AppRepository } from './app.repository.js';

/** Starts of other replicas, and commands, hold the app for longer than a request would wait; ms. */
const START_PATIENCE = 10_000;

/** Creates the app of the `APP_*` settings, or overwrites just the fields that these settings give. */
@Injectable()
export class AppProvisioning {
  constructor(private readonly apps: AppRepository) {}

  /** Other replicas that start wait until the transaction ends. Throws an Error that says what to set. */
  async provision(settings: AppSettings, tx: DatabaseTransaction): Promise<void> {
    const { id, rpId } = settings;
    await tx.limitLockWait(START_PATIENCE);
    await this.apps.lockId(id, tx);
    if (rpId) await this.requireOwnRpId(id, rpId, tx);
    const stored = await this.apps.lock(id, tx);
    const app = provisionedApp(settings, stored);
    if (!stored) await this.apps.insert(id, app, tx);
    else if (!isDeepStrictEqual(app, stored)) await this.apps.replace(id, app, tx);
  }

  private async requireOwnRpId(id: string, rpId: string, tx: DatabaseTransaction): Promise<void> {
    const owner = await this.apps.ownerOfRpId(rpId, tx);
    if (owner !== null && owner !== id) throw rpIdTaken(rpId, owner);
  }
}

/** What a start makes of the app that is stored, or of none. Throws an Error that says what to set. */
export function provisionedApp<Stored extends AppFields>(
  settings: AppSettings,
  stored: Stored | null,
): AppFields {
  const app = stored ? { ...stored, ...given(settings) } : newApp(settings);
  if (settings.rpId || settings.origins) requireOriginsWithinRpId(settings.id, app);
  return app;
}

/** Of an RP ID that another app has. */
export const rpIdTaken = (rpId: string, owner: string): Error =>
  new Error(`APP_RP_ID ${rpId} belongs to the app ${owner}: set another APP_RP_ID or that APP_ID.`);

const given = ({ name, origins, rpId }: AppSettings): Partial<AppFields> => ({
  ...(name !== undefined && { name }),
  ...(origins !== undefined && { origins }),
  ...(rpId !== undefined && { rpId }),
});

function newApp({ id, name = id, origins, rpId, ...policies }: AppSettings): AppFields {
  const { stepUp, conditionalCreate } = policies;
  if (!origins || !rpId) {
    throw new Error(
      `The app ${id} does not exist yet: set APP_ORIGINS and APP_RP_ID so that it can be created.`,
    );
  }
  const given = { ...(stepUp && { stepUp }), ...(conditionalCreate && { conditionalCreate }) };
  return { ...NEW_APP, name, origins, rpId, ...given };
}

/** The settings may give only one of the two: it has to fit the stored value of the other. */
function requireOriginsWithinRpId(id: string, { origins, rpId }: AppFields): void {
  const outside = originsOutside(origins, rpId);
  if (outside.length === 0) return;
  throw new Error(
    `The app ${id} has the RP ID ${rpId}, whose passkeys do not work on ${outside.join(', ')}: ` +
      'set APP_ORIGINS and APP_RP_ID so that they fit.',
  );
}

/** Warns at the start of apps that accept trusted attestations only, if there is no FIDO metadata to trust any by. */
@Injectable()
export class AttestationTrustCheck implements OnApplicationBootstrap {
  private readonly log = new Logger(AttestationTrustCheck.name);

  constructor(
    private readonly apps: AppRepository,
    private readonly configuration: Configuration,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.configuration.fidoMetadataFile !== null) return;
    const ids = await this.apps.idsThatRequireTrust();
    if (ids.length === 0) return;
    this.log.warn(
      `FIDO_METADATA_FILE is not set, so no user can register a passkey with ${ids.join(', ')}: ` +
        'the attestations that they require are trusted by FIDO metadata.',
    );
  }
}
