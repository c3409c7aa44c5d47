import type { Configuration, EmbeddedPassageSettings } from '../../src/config/configuration.js';
import { aConfiguration } from './build-app.js';

/** Changes to the configuration by which webhooks reach receivers on this machine. */
export function withLoopbackWebhooks(
  changes: Partial<EmbeddedPassageSettings> = {},
): Pick<Configuration, 'passage'> {
  const { passage } = aConfiguration({ kind: 'embedded', directory: '' });
  if (passage.mode !== 'embedded') throw new Error('The tests have the embedded provider.');
  return { passage: { ...passage, webhookNetworks: ['127.0.0.0/8'], ...changes } };
}
