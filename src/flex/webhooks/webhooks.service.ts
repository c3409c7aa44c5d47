import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { Database } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { OperatorError } from '../../errors/operator-error.js';
import { newEventId } from '../../events/audit.repository.js';
import { Outbox } from '../../events/outbox.js';
import type { AuditEventType } from '../../events/audit-event-types.js';
import type { DeliveryOutcome } from '../../events/webhook-request.js';
import { makeWebhookSecret, spellSecret } from '../../events/webhook-signature.js';
import { AppRepository } from '../apps/app.repository.js';
import { isListed, WebhookAttempts } from './webhook-attempts.js';
import { type DeadDelivery, WebhookDeliveryRepository } from './webhook-delivery.repository.js';
import { type WebhookKey, type WebhookRecord, WebhookRepository } from './webhook.repository.js';

/** Of one app, those that are enabled. */
export const MAX_WEBHOOKS = 20;
const MOST_DEAD = 100;

/** A webhook that was just created, or its secret replaced: the only time that it is shown. */
export interface WebhookWithSecret extends WebhookRecord {
  /** `whsec_` and 32 bytes in base64. */
  readonly secret: string;
}

/** What a new webhook is to be. */
export interface WebhookWish {
  readonly url: string;
  /** One or more, each once. */
  readonly events: readonly AuditEventType[];
}

/**
 * Creates and manages the webhooks of apps, for an operator or for a server by its key, which has those alone that it made.
 * Throws `webhook_not_found` for any other, and then changed nothing.
 */
@Injectable()
export class WebhooksService {
  private readonly hasSecrets: boolean;

  constructor(
    private readonly database: Database,
    private readonly webhooks: WebhookRepository,
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly attempts: WebhookAttempts,
    private readonly apps: AppRepository,
    private readonly outbox: Outbox,
    configuration: Configuration,
  ) {
    this.hasSecrets = embeddedPassageOf(configuration).secrets.length > 0;
  }

  /**
   * Throws `app_not_found`, `invalid_request` for a URL that no webhook may have, `access_denied` for a host that is not among
   * the app's where a key asks, `too_many_webhooks`.
   */
  async create(
    appId: string,
    { url, events }: WebhookWish,
    keyId: string | null,
  ): Promise<WebhookWithSecret> {
    const problem = this.attempts.targets.problemOf(url);
    if (problem !== undefined) throw new AppError('invalid_request', { detail: `url must be ${problem}.` });
    const key = { appId, id: uuidv7(), keyId };
    const secret = this.newSecret(key);
    await this.database.transaction(async (tx) => {
      const app = await this.apps.lock(appId, tx);
      if (!app) throw new AppError('app_not_found');
      if (!isListed(url, keyId === null ? null : app.webhookHosts)) throw unlisted();
      await this.requireRoom(appId, tx);
      await this.webhooks.insert({ ...key, url, events: [...events], secret: secret.sealed }, tx);
    });
    return { ...(await this.get(key)), secret: secret.text };
  }

  /** Oldest first. */
  list(appId: string, keyId: string | null): Promise<WebhookRecord[]> {
    return this.webhooks.list(appId, keyId);
  }

  async get(key: WebhookKey): Promise<WebhookRecord> {
    const webhook = await this.webhooks.find(key);
    if (!webhook) throw new AppError('webhook_not_found');
    return webhook;
  }

  /** Sends an event of the type `webhook.test` at once, and does not repeat it. */
  async test(key: WebhookKey): Promise<DeliveryOutcome> {
    this.requireSecrets();
    const target = await this.webhooks.target(key);
    if (!target) throw new AppError('webhook_not_found');
    const nobody = { userId: null, externalId: null, issuer: null, subject: null, deviceId: null };
    const event = { ...nobody, automatic: null, actor: null, reason: null };
    const { appId } = key;
    return this.attempts.attempt(
      { ...event, eventId: newEventId(), appId, type: 'webhook.test', createdAt: new Date() },
      target,
    );
  }

  /** Replaces the secret; the former one signs for a day more beside it, unless it is compromised. */
  async rotate(key: WebhookKey, isCompromised: boolean): Promise<WebhookWithSecret> {
    const { text, sealed } = this.newSecret(key);
    if (!(await this.webhooks.rotate(key, sealed, isCompromised))) throw new AppError('webhook_not_found');
    return { ...(await this.get(key)), secret: text };
  }

  /** Nothing more is sent, nor kept for it; what waits is kept for a month. */
  async disable(key: WebhookKey): Promise<WebhookRecord> {
    if (!(await this.webhooks.disable(key, 'requested'))) throw new AppError('webhook_not_found');
    return this.get(key);
  }

  /**
   * What waits is sent now, with what happens from now on. Throws `too_many_webhooks`, and `access_denied` for what a key made
   * where the host is not among the app's any more.
   */
  async enable(key: WebhookKey): Promise<WebhookRecord> {
    const { disabledAt, url, keyId } = await this.get(key);
    if (disabledAt !== null) {
      await this.database.transaction(async (tx) => {
        const app = await this.apps.lock(key.appId, tx);
        if (!app) throw new AppError('app_not_found');
        if (!isListed(url, keyId === null ? null : app.webhookHosts)) throw unlisted();
        await this.requireRoom(key.appId, tx);
        await this.webhooks.enable(key, tx);
        this.outbox.announce(1, tx);
      });
    }
    return this.get(key);
  }

  /** The first hundred events of which all attempts failed, oldest first. */
  async listDead(key: WebhookKey): Promise<DeadDelivery[]> {
    await this.get(key);
    return this.deliveries.listDead(key.appId, key.id, MOST_DEAD);
  }

  /** Has events of which all attempts failed tried anew: one, or with null all. Gives how many. */
  async replay(key: WebhookKey, eventId: string | null): Promise<number> {
    await this.get(key);
    const replayed = await this.deliveries.replay(key.appId, key.id, eventId);
    this.outbox.announce(replayed, this.database);
    return replayed;
  }

  private async requireRoom(
    appId: string,
    tx: Parameters<WebhookRepository['countEnabled']>[1],
  ): Promise<void> {
    if ((await this.webhooks.countEnabled(appId, tx)) >= MAX_WEBHOOKS)
      throw new AppError('too_many_webhooks');
  }

  private newSecret(key: WebhookKey): { text: string; sealed: Buffer } {
    this.requireSecrets();
    const secret = makeWebhookSecret();
    return { text: spellSecret(secret), sealed: this.attempts.secrets.seal(secret, key) };
  }

  /** Commands may run without. */
  private requireSecrets(): void {
    if (this.hasSecrets) return;
    throw new OperatorError(
      'invalid_settings',
      'Set KEYWAY_SECRET (or KEYWAY_SECRET_FILE) as the service has it: the secrets of webhooks are encrypted under it.',
    );
  }
}

const unlisted = (): AppError =>
  new AppError('access_denied', { detail: 'The host is not among the webhook hosts of the app.' });
