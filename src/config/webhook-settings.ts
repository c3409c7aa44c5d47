import { splitList } from './environment.js';
import { isNetwork } from './http-settings.js';
import { Setting, Variables } from './variables.js';

/** The private networks that webhooks may reach. */
export class WebhookVariables extends Variables<readonly string[]> {
  @Setting((text) =>
    splitList(text).every((it) => isNetwork(it) && /[.:]/.test(it))
      ? undefined
      : 'Set WEBHOOK_ALLOWED_NETWORKS to a comma list of private IP addresses or networks, such as 10.0.0.0/8, ' +
        'or unset it.',
  )
  WEBHOOK_ALLOWED_NETWORKS?: string;

  toSettings(): readonly string[] {
    const { WEBHOOK_ALLOWED_NETWORKS: text } = this;
    return text === undefined ? [] : splitList(text);
  }
}
