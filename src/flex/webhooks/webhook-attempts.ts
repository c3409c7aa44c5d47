import { Injectable } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { SealedSecrets } from '../../events/sealed-secrets.js';
import { payloadOf, type WebhookEvent } from '../../events/webhook-payload.js';
import { type DeliveryOutcome, post } from '../../events/webhook-request.js';
import { signatureHeaders } from '../../events/webhook-signature.js';
import { WebhookTargets } from '../../events/webhook-target.js';
import { type SignedTarget, WebhookRepository } from './webhook.repository.js';

const TIMEOUT = 10_000; // ms

const UNREADABLE: DeliveryOutcome = { status: null, problem: 'secret_unreadable' };

/** Makes one attempt to tell a webhook of an event, and the secrets that sign it. */
@Injectable()
export class WebhookAttempts {
  readonly targets: WebhookTargets;
  readonly secrets: SealedSecrets;

  constructor(
    private readonly webhooks: WebhookRepository,
    configuration: Configuration,
  ) {
    const { secrets, webhookNetworks } = embeddedPassageOf(configuration);
    this.targets = new WebhookTargets(webhookNetworks, configuration.environment === 'production');
    this.secrets = new SealedSecrets(secrets);
  }

  /** Signs the event and sends it, within 10 s. Throws the reason of `signal` alone. */
  async attempt(event: WebhookEvent, target: SignedTarget, signal?: AbortSignal): Promise<DeliveryOutcome> {
    // Judged again, as the rules may have changed since it was made.
    if (this.targets.problemOf(target.url) !== undefined) return { status: null, problem: 'address_refused' };
    const secrets = await this.open(target);
    if (!secrets) return UNREADABLE;
    const body = payloadOf(event);
    const headers = signatureHeaders(event.eventId, body, secrets);
    const { rule } = this.targets;
    return post(new URL(target.url), body, headers, { rule, timeout: TIMEOUT, ...(signal && { signal }) });
  }

  /** Null if `KEYWAY_SECRET` is not the one that the secret was sealed with; one of an older secret is sealed anew. */
  private async open(target: SignedTarget): Promise<Buffer[] | null> {
    const opened: Buffer[] = [];
    for (const sealed of [target.secret, target.oldSecret]) {
      if (sealed === null) continue;
      const found = this.secrets.open(sealed, target);
      if (!found) return null;
      if (found.isOutdated) {
        await this.webhooks.reseal(target, sealed, this.secrets.seal(found.secret, target));
      }
      opened.push(found.secret);
    }
    return opened;
  }
}
