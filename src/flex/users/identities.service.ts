import { Injectable } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { Database } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { ExternalIds } from '../../users/external-ids.js';
import { Ties } from '../../users/ties.js';
import type { Identity, NamedIdentity } from '../../users/user.repository.js';
import { FlexUserRepository } from './flex-user.repository.js';

/**
 * Ties identities to external IDs on behalf of the operator; of the app of the user's API alone, as for any other app there
 * are no identities: `access_denied`. What the user had begun or proved until then is void.
 */
@Injectable()
export class IdentitiesService {
  private readonly ownAppId: string;

  constructor(
    private readonly database: Database,
    private readonly ties: Ties,
    private readonly externalIds: ExternalIds,
    private readonly users: FlexUserRepository,
    private readonly audit: AuditTrail,
    configuration: Configuration,
  ) {
    this.ownAppId = embeddedPassageOf(configuration).app.id;
  }

  /** Does nothing if the two are tied already. Throws `external_id_conflict` if either is tied otherwise. */
  async link(appId: string, externalId: string, { issuer, subject }: Identity): Promise<void> {
    this.requireOwnApp(appId);
    const tie = { appId, externalId, issuer, subject };
    await this.ties.auditing(tie, () =>
      this.database.transaction(async (tx) => {
        if (!(await this.ties.link(tie, tx))) return;
        const userId = await this.users.voidBegun(appId, externalId, tx);
        await this.audit.record({ type: 'user.linked', appId, userId, reason: 'operator', person: tie }, tx);
      }),
    );
    this.externalIds.forget(tie);
  }

  /** Gives the identity that the external ID was tied to. Throws `user_not_found` if there was none, or not the named one. */
  async unlink(appId: string, externalId: string, named?: NamedIdentity): Promise<Identity> {
    this.requireOwnApp(appId);
    const identity = await this.database.transaction(async (tx) => {
      const untied = await this.ties.undo(appId, externalId, tx, named);
      if (!untied) throw new AppError('user_not_found');
      const userId = await this.users.voidBegun(appId, externalId, tx);
      const person = { ...untied, externalId };
      await this.audit.record({ type: 'user.unlinked', appId, userId, person }, tx);
      return untied;
    });
    this.externalIds.forget(identity);
    return identity;
  }

  private requireOwnApp(appId: string): void {
    if (appId !== this.ownAppId) throw new AppError('access_denied');
  }
}
