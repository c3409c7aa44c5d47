import { aRelyingParty } from '../../test/support/ceremonies.js';
import { requestOptions } from './authentication-options.js';

const input = {
  relyingParty: aRelyingParty(),
  challenge: 'Y2hhbGxlbmdl',
  userVerification: 'preferred',
  timeout: 60_000,
} as const;

describe('WebAuthn Level 3 §5.5 Options for Assertion Generation', () => {
  it.each([[undefined], [[]], [['hybrid', 'security-key']]] as const)(
    'have the hints %j, or none',
    (hints) => {
      const options = requestOptions({ ...input, ...(hints && { hints }) });
      expect(options.hints).toEqual(hints?.length ? hints : undefined);
    },
  );

  it('omit allowCredentials for a discoverable sign-in', () => {
    expect(requestOptions(input)).toEqual({
      challenge: 'Y2hhbGxlbmdl',
      rpId: 'example.com',
      timeout: 60_000,
      userVerification: 'preferred',
    });
  });

  it('list the credentials of a named user', () => {
    const allowCredentials = [{ id: Buffer.from([1, 2, 3]), transports: ['internal'] }];
    expect(requestOptions({ ...input, allowCredentials }).allowCredentials).toEqual([
      { type: 'public-key', id: 'AQID', transports: ['internal'] },
    ]);
  });

  it('keep an empty list, which would otherwise become a discoverable sign-in', () => {
    expect(requestOptions({ ...input, allowCredentials: [] })).toHaveProperty('allowCredentials', []);
  });
});
