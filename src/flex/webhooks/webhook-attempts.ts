import { Injectable } from '@nestjs/common';
import { hostOf } from '../../config/addresses.js';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { SealedSecrets } from '../../events/sealed-secrets.js';
import { payloadOf, type WebhookEvent } from '../../events/webhook-payload.js';
import { type DeliveryOutcome, post } from '../../events/webhook-request.js';
import { signatureHeaders } from '../../events/webhook-signature.js';
import { WebhookTargets } from '../../events/webhook-target.js';
import { type SignedTarget, WebhookRepository } from './webhook.repository.js';

const TIMEOUT = 10_000; // ms

/** Whether a webhook that a key made, or with null an operator, may be there. */
export const isListed = (url: string, hosts: readonly string[] | null): boolean =>
  hosts === null || hosts.includes(hostOf(new URL(url)));

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
    const isAllowed = isListed(target.url, target.hosts) && this.targets.problemOf(target.url) === undefined;
    if (!isAllowed) return { status: null, problem: 'address_refused' };
    const secrets = this.open(target);
    if (!secrets) return UNREADABLE;
    const body = payloadOf(event);
    const headers = signatureHeaders(event.eventId, body, secrets);
    const { rule } = this.targets;
    return post(new URL(target.url), body, headers, { rule, timeout: TIMEOUT, ...(signal && { signal }) });
  }

  /** Seals anew what an older member of `KEYWAY_SECRET` sealed, so that it can be taken out of the list. */
  async reseal(): Promise<void> {
    for (const target of await this.webhooks.targets()) {
      for (const sealed of [target.secret, target.oldSecret]) {
        const found = sealed && this.secrets.open(sealed, target);
        if (!sealed || !found?.isOutdated) continue;
        await this.webhooks.reseal(target, sealed, this.secrets.seal(found.secret, target));
      }
    }
  }

  /** Null if no member of `KEYWAY_SECRET` sealed one of them. */
  private open(target: SignedTarget): Buffer[] | null {
    const sealed = [target.secret, target.oldSecret].filter((it) => it !== null);
    const opened = sealed.flatMap((it) => this.secrets.open(it, target)?.secret ?? []);
    return opened.length === sealed.length ? opened : null;
  }
}
