import { aRegistration, aRelyingParty } from '../../test/support/ceremonies.js';
import { creationOptions, type CreationOptionsInput } from './registration-options.js';
import type { Hint } from './relying-party.js';

const input = {
  relyingParty: aRelyingParty(),
  user: { handle: Buffer.alloc(32, 0xfb), name: 'ada@example.com', displayName: 'Ada Lovelace' },
  challenge: 'Y2hhbGxlbmdl',
  algorithms: [-7, -8, -257],
  userVerification: 'required',
  residentKey: 'required',
  attestation: 'none',
  timeout: 300_000,
  excludeCredentials: [],
} as const;

describe('WebAuthn Level 3 §5.4 Options for Credential Creation', () => {
  it('have every member that browsers and the Passage SDKs read, with bytes as unpadded base64url', () => {
    expect(creationOptions(input)).toEqual({
      rp: { id: 'example.com', name: 'Example' },
      user: {
        id: Buffer.alloc(32, 0xfb).toString('base64url'),
        name: 'ada@example.com',
        displayName: 'Ada Lovelace',
      },
      challenge: 'Y2hhbGxlbmdl',
      pubKeyCredParams: [
        { type: 'public-key', alg: -7 },
        { type: 'public-key', alg: -8 },
        { type: 'public-key', alg: -257 },
      ],
      timeout: 300_000,
      excludeCredentials: [],
      authenticatorSelection: {
        residentKey: 'required',
        requireResidentKey: true,
        userVerification: 'required',
      },
      attestation: 'none',
      extensions: { credProps: true },
    });
  });

  it.each(['preferred', 'discouraged'] as const)(
    'do not require a resident key when it is %s',
    (residentKey) => {
      const { authenticatorSelection } = creationOptions({ ...input, residentKey });
      expect(authenticatorSelection).toMatchObject({ residentKey, requireResidentKey: false });
    },
  );

  it.each(['platform', 'cross-platform'] as const)(
    'ask for a %s authenticator only if one is wanted',
    (attachment) => {
      expect(creationOptions({ ...input, attachment }).authenticatorSelection).toHaveProperty(
        'authenticatorAttachment',
        attachment,
      );
      expect(creationOptions(input).authenticatorSelection).not.toHaveProperty('authenticatorAttachment');
    },
  );

  it.each<[Hint[], CreationOptionsInput['attachment'], string | undefined]>([
    [['security-key'], undefined, 'cross-platform'],
    [['client-device'], undefined, 'platform'],
    [['hybrid'], undefined, 'cross-platform'],
    [['security-key', 'hybrid'], undefined, 'cross-platform'],
    [['hybrid', 'client-device'], undefined, undefined],
    [['hybrid', 'client-device'], 'platform', 'platform'],
    [['security-key'], 'platform', 'cross-platform'],
    [['client-device'], 'cross-platform', 'platform'],
  ])(
    'have the hints %j, which with the attachment %s ask older browsers for %s',
    (hints, attachment, asked) => {
      const options = creationOptions({ ...input, hints, ...(attachment && { attachment }) });
      expect(options.hints).toEqual(hints);
      expect(options.authenticatorSelection?.authenticatorAttachment).toBe(asked);
    },
  );

  it('have no hints unless some are given', () => {
    expect(creationOptions({ ...input, hints: [] })).toEqual(creationOptions(input));
  });

  it('list the credentials to exclude, with transports only if some are known', () => {
    const excludeCredentials = [
      { id: Buffer.from([1, 2, 3]), transports: ['usb', 'nfc'] },
      { id: new Uint8Array([0xff]), transports: [] },
    ];
    expect(creationOptions({ ...input, excludeCredentials }).excludeCredentials).toEqual([
      { type: 'public-key', id: 'AQID', transports: ['usb', 'nfc'] },
      { type: 'public-key', id: '_w' },
    ]);
  });

  it('prevent an authenticator from registering twice', () => {
    const { authenticator, options, respond } = aRegistration();
    const { id } = respond();
    const again = { ...options, excludeCredentials: [{ type: 'public-key' as const, id }] };
    expect(() => authenticator.create(again, { origin: 'https://example.com' })).toThrow(
      expect.objectContaining({ name: 'InvalidStateError' }),
    );
  });
});
