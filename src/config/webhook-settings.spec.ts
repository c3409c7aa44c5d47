import { reachableNetworks } from './load-configuration.js';
import { Environment } from './environment.js';
import { readVariables } from './variables.js';
import { WebhookVariables } from './webhook-settings.js';

const read = (text?: string) =>
  readVariables(
    WebhookVariables,
    new Environment(text === undefined ? {} : { WEBHOOK_ALLOWED_NETWORKS: text }),
  );

describe('WEBHOOK_ALLOWED_NETWORKS', () => {
  it('is none by default, and else a list of addresses and networks', () => {
    expect(read().variables.toSettings()).toEqual([]);
    const { variables, problems } = read('10.0.0.0/8, fd00::/8,192.168.1.1');
    expect(problems).toEqual([]);
    expect(variables.toSettings()).toEqual(['10.0.0.0/8', 'fd00::/8', '192.168.1.1']);
  });

  it.each(['loopback', '10.0.0.0/33', '0.0.0.0/0', 'hooks.internal', '10.0.0.0/8;10.1.0.0/16', 'true'])(
    'refuses %s',
    (text) => {
      expect(read(text).problems).toEqual([
        expect.stringMatching(/^Set WEBHOOK_ALLOWED_NETWORKS to a comma list/),
      ]);
    },
  );

  it('is warned of in production, and there alone', () => {
    const passage = { mode: 'embedded', webhookNetworks: ['10.0.0.0/8'] } as never;
    expect(reachableNetworks({ environment: 'production', passage })).toMatch(
      /lets webhooks reach 10\.0\.0\.0\/8/,
    );
    expect(reachableNetworks({ environment: 'development', passage })).toBeUndefined();
    const none = { mode: 'embedded', webhookNetworks: [] } as never;
    expect(reachableNetworks({ environment: 'production', passage: none })).toBeUndefined();
  });
});
