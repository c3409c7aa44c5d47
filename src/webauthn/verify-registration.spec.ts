import { aChallenge, aRegistration, aRelyingParty, ORIGIN } from '../../test/support/ceremonies.js';
import { attestationCertificate } from '../../test/support/attestation-certificate.js';
import { CreateOverrides } from '../../test/support/ceremony-overrides.js';
import { SILENTLY, toHandshakeResponse } from '../../test/support/software-authenticator.js';
import { encodeCbor } from '../../test/support/software-credential.js';
import { RefusalReason, SpecificationStep } from './ceremony-refusal.js';
import { ExpectedRegistration, verifyRegistration } from './verify-registration.js';

type Registration = ReturnType<typeof aRegistration>;

const register = (
  { respond, expected }: Registration,
  overrides: Partial<CreateOverrides> = {},
  changes: Partial<ExpectedRegistration> = {},
) => verifyRegistration(respond(overrides), { ...expected, ...changes });

const expectRefusal = (attempt: Promise<unknown>, reason: RefusalReason, step: SpecificationStep) =>
  expect(attempt).rejects.toMatchObject({ name: 'CeremonyRefusal', reason, step });

const TOP = 'https://portal.example';
const framing = aRelyingParty({ topOrigins: [TOP] });
const unknownFraming = aRelyingParty({ unknownFrames: 'allow' });

describe('WebAuthn Level 3 §7.1 Registering a New Credential', () => {
  describe.each([-7, -35, -36, -8, -257] as const)('a whole ceremony with algorithm %i', (algorithm) => {
    describe.each(['none', 'packed'])('with attestation %s', (format) => {
      it.each([
        { uv: true, be: true, bs: true },
        { uv: true, be: true, bs: false },
        { uv: true, be: false, bs: false },
        { uv: false, be: true, bs: true },
        { uv: false, be: false, bs: false },
      ])('returns the flags and the counter of the authenticator: %o', async ({ uv, be, bs }) => {
        const registration = aRegistration(
          {
            userVerified: uv,
            backupEligible: be,
            backedUp: bs,
            aaguid: 'EA9B8D66-4D01-1D21-3CE4-B6B48CB575D4',
          },
          { algorithms: [algorithm] },
        );
        const verified = await register(
          registration,
          { format, counter: 7 },
          { requireUserVerification: false },
        );
        const [credential] = registration.authenticator.credentials;
        expect(verified).toEqual({
          credentialId: credential?.id,
          publicKey: encodeCbor(credential?.publicKey),
          algorithm,
          counter: 7,
          aaguid: 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4',
          transports: ['internal', 'hybrid'],
          attachment: 'platform',
          backupEligible: be,
          backedUp: bs,
          userVerified: uv,
          attestationFormat: format,
          attestationTrust: format === 'none' ? 'none' : 'untrusted',
          origin: ORIGIN,
        });
      });
    });
  });

  describe('Step 3: the response is that of a registration', () => {
    it('accepts the form of the Passage browser SDK, with transports beside the response', async () => {
      const { respond, expected } = aRegistration({ transports: ['usb', 'nfc'] });
      const verified = await verifyRegistration(toHandshakeResponse(respond()), expected);
      expect(verified).toMatchObject({ transports: ['usb', 'nfc'], attachment: null });
    });

    it('ignores unknown members', async () => {
      const { respond, expected } = aRegistration();
      const response = { ...respond(), surprise: { deep: [1] }, clientExtensionResults: 'nonsense' };
      await expect(verifyRegistration(response, expected)).resolves.toBeDefined();
    });

    it.each([
      ['not a list', 'usb', []],
      [
        'mixed with other values',
        ['usb', 1, null, 'Ä', 'x'.repeat(33), '', 'usb', 'smart-card'],
        ['usb', 'smart-card'],
      ],
      [
        'a thousand',
        Array.from({ length: 1000 }, (_, index) => `t${index}`),
        [...'01234567'].map((n) => `t${n}`),
      ],
    ])('keeps only well-formed transports when they are %s', async (_, transports, kept) => {
      const { respond, expected } = aRegistration({ transports: null });
      const verified = await verifyRegistration({ ...respond(), transports }, expected);
      expect(verified.transports).toEqual(kept);
    });

    it('ignores an unknown authenticatorAttachment', async () => {
      const registration = aRegistration();
      const verified = await register(registration, { response: { authenticatorAttachment: 'implant' } });
      expect(verified.attachment).toBeNull();
    });

    it.each([undefined, null, 0, 'text', true, [], {}, [{}]])(
      'refuses %p in place of a response',
      (response) =>
        expectRefusal(verifyRegistration(response, aRegistration().expected), 'malformed_response', '7.1-3'),
    );

    it.each([
      ['no id', { id: undefined }],
      ['an empty id', { id: '', rawId: '' }],
      ['an id with less padding than it needs', { id: 'AQ=', rawId: 'AQ=' }],
      ['an id with more padding than it needs', { id: 'AQID====', rawId: 'AQID====' }],
      ['a padded id with stray bits', { id: 'AR==', rawId: 'AR==' }],
      ['an id of padding alone', { id: '==', rawId: '==' }],
      ['an id with padding in its middle', { id: 'AQ==AQID', rawId: 'AQ==AQID' }],
      ['an id in plain base64', { id: '+/8A', rawId: '+/8A' }],
      ['an id with stray bits', { id: 'AR', rawId: 'AR' }],
      ['a number for an id', { id: 1, rawId: 1 }],
      ['another type', { type: 'password' }],
      ['no type', { type: undefined }],
      ['no inner response', { response: null }],
      [
        'an authentication',
        { response: { clientDataJSON: 'e30', authenticatorData: 'AA', signature: 'AA' } },
      ],
      ['an empty attestation object', { response: { clientDataJSON: 'e30', attestationObject: '' } }],
      [
        'client data that is too long',
        { response: { clientDataJSON: 'A'.repeat(6000), attestationObject: 'AA' } },
      ],
      [
        'an attestation object that is too long',
        { response: { clientDataJSON: 'e30', attestationObject: 'A'.repeat(50_000) } },
      ],
    ])('refuses %s', (_, response) =>
      expectRefusal(register(aRegistration(), { response }), 'malformed_response', '7.1-3'),
    );

    it('accepts padded members, id and rawId each in its own way', async () => {
      const { respond, expected } = aRegistration();
      const response = respond();
      const padded = { ...response, rawId: pad(response.rawId), response: padAll(response.response) };
      const verified = await verifyRegistration(padded, expected);
      expect(verified.credentialId.toString('base64url')).toBe(response.id);
      const otherwise = { ...response, id: pad(response.id) };
      await expect(verifyRegistration(otherwise, expected)).resolves.toBeDefined();
    });

    it('refuses an id that differs from rawId', () =>
      expectRefusal(
        register(aRegistration(), { response: { rawId: 'AQID' } }),
        'credential_id_mismatch',
        '7.1-3',
      ));
  });

  describe('Step 5: the client data is UTF-8', () => {
    it('accepts a byte order mark, as "UTF-8 decode" does', async () => {
      const registration = aRegistration();
      const { challenge } = registration.options;
      const json = JSON.stringify({ type: 'webauthn.create', challenge, origin: ORIGIN });
      const clientDataJSON = Buffer.from(`\uFEFF${json}`);
      await expect(register(registration, { clientDataJSON })).resolves.toMatchObject({ origin: ORIGIN });
    });

    it('refuses broken UTF-8', () =>
      expectRefusal(
        register(aRegistration(), { clientDataJSON: Buffer.from('7b2261223a22ff227d', 'hex') }),
        'malformed_client_data',
        '7.1-5',
      ));
  });

  describe('Step 6: the client data is a JSON object', () => {
    it('accepts unknown members of the client data', () =>
      expect(
        register(aRegistration(), { clientData: { other_keys_can_be_added_here: 'yes' } }),
      ).resolves.toBeDefined());

    it.each([{ status: 'present', id: 'AQ' }, { status: 'not-supported' }, { status: 1 }, 'none', null, []])(
      'ignores tokenBinding, such as %j',
      (tokenBinding) =>
        expect(register(aRegistration(), { clientData: { tokenBinding } })).resolves.toBeDefined(),
    );

    it.each(['', '{', 'null', '[]', '"text"', '1', '{} {}', '['.repeat(4000)])(
      'refuses client data that is %p',
      (text) =>
        expectRefusal(
          register(aRegistration(), { clientDataJSON: Buffer.from(text || ' ') }),
          'malformed_client_data',
          '7.1-6',
        ),
    );

    it.each([
      { type: undefined },
      { type: ['webauthn.create'] },
      { challenge: 1 },
      { challenge: undefined },
      { origin: null },
      { origin: [ORIGIN] },
      { crossOrigin: 'false' },
      { crossOrigin: null },
      { topOrigin: 1 },
      { topOrigin: null },
    ])('refuses client data with %o', (clientData) =>
      expectRefusal(register(aRegistration(), { clientData }), 'malformed_client_data', '7.1-6'),
    );
  });

  describe('Step 7: the type is webauthn.create', () => {
    it.each(['webauthn.get', 'payment.get', 'WebAuthn.create', ''])('refuses the type %p', (type) =>
      expectRefusal(register(aRegistration(), { clientData: { type } }), 'type_mismatch', '7.1-7'),
    );
  });

  describe('Step 8: the challenge is the one that was issued', () => {
    it('accepts the issued challenge', () => expect(register(aRegistration())).resolves.toBeDefined());

    it('refuses another challenge', () =>
      expectRefusal(
        register(aRegistration(), {}, { challenge: aChallenge() }),
        'challenge_mismatch',
        '7.1-8',
      ));

    it('refuses another encoding of the challenge', () => {
      const registration = aRegistration();
      const clientData = { challenge: `${registration.options.challenge}=` };
      return expectRefusal(register(registration, { clientData }), 'challenge_mismatch', '7.1-8');
    });

    it('refuses an empty challenge', () =>
      expectRefusal(
        register(aRegistration(), { clientData: { challenge: '' } }),
        'challenge_mismatch',
        '7.1-8',
      ));
  });

  describe('Step 9: the origin is one of the app’s', () => {
    it.each(['https://example.com', 'https://login.example.com:8443', 'android:apk-key-hash:c29tZSBoYXNo'])(
      'accepts %s if the app lists it',
      async (origin) => {
        const relyingParty = aRelyingParty({ origins: ['https://other.example', origin] });
        await expect(register(aRegistration(), { origin }, { relyingParty })).resolves.toMatchObject({
          origin,
        });
      },
    );

    it.each([
      'https://evil.example',
      'http://example.com',
      'https://example.com/',
      'https://EXAMPLE.com',
      'https://example.com:443',
      'https://example.com.evil.example',
      'https://sub.example.com',
      'null',
      '',
    ])('refuses the origin %p', (origin) =>
      expectRefusal(register(aRegistration(), { origin }), 'origin_not_allowed', '7.1-9'),
    );
  });

  describe('Step 10: a cross-origin frame is expected', () => {
    it.each([{ crossOrigin: false }, { crossOrigin: undefined }])('accepts a frame with %o', (clientData) =>
      expect(register(aRegistration(), { clientData })).resolves.toBeDefined(),
    );

    it.each([aRelyingParty(), framing])(
      'refuses crossOrigin without a top origin, even if the app lists top origins',
      (relyingParty) =>
        expectRefusal(
          register(aRegistration(), { crossOrigin: true }, { relyingParty }),
          'cross_origin',
          '7.1-10',
        ),
    );

    it('accepts crossOrigin without a top origin if the app allows frames in unknown pages', () =>
      expect(
        register(aRegistration(), { crossOrigin: true }, { relyingParty: unknownFraming }),
      ).resolves.toBeDefined());
  });

  describe('Step 11: the top origin is one the app lists', () => {
    it('accepts a frame in a page that the app lists', () =>
      expect(
        register(aRegistration(), { crossOrigin: true, topOrigin: TOP }, { relyingParty: framing }),
      ).resolves.toBeDefined());

    it('refuses a frame in any page if the app lists none', () =>
      expectRefusal(
        register(aRegistration(), { crossOrigin: true, topOrigin: TOP }),
        'top_origin_not_allowed',
        '7.1-11',
      ));

    it('refuses a frame in a page that is not listed even if the app allows frames in unknown pages', () =>
      expectRefusal(
        register(aRegistration(), { crossOrigin: true, topOrigin: TOP }, { relyingParty: unknownFraming }),
        'top_origin_not_allowed',
        '7.1-11',
      ));

    it.each([`${TOP}/`, 'https://evil.example', ''])('refuses a frame in the page %p', (topOrigin) =>
      expectRefusal(
        register(aRegistration(), { crossOrigin: true, topOrigin }, { relyingParty: framing }),
        'top_origin_not_allowed',
        '7.1-11',
      ),
    );

    it.each([false, undefined])('refuses a top origin with crossOrigin %p', (crossOrigin) =>
      expectRefusal(
        register(aRegistration(), { topOrigin: TOP, clientData: { crossOrigin } }, { relyingParty: framing }),
        'cross_origin',
        '7.1-11',
      ),
    );
  });

  describe('Step 13: the attestation object and its authenticator data are well-formed', () => {
    it('accepts authenticator extension outputs', () =>
      expect(
        register(aRegistration(), { format: 'packed', extensions: new Map([['credProtect', 2]]) }),
      ).resolves.toBeDefined());

    it.each<[string, (bytes: Buffer) => Uint8Array]>([
      ['something after it', (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
      ['a cut end', (bytes) => bytes.subarray(0, -1)],
      ['a list', () => encodeCbor(['none', new Map(), new Uint8Array(37)])],
      ['no members', () => encodeCbor(new Map())],
      ['a number for a format', (bytes) => swap(bytes, '63666d74646e6f6e65', '63666d741b000000000000000a')],
      ['a statement that is a list', (bytes) => swap(bytes, '6761747453746d74a0', '6761747453746d7480')],
      [
        'indefinite length',
        (bytes) => Buffer.concat([Buffer.from([0xbf]), bytes.subarray(1), Buffer.from([0xff])]),
      ],
    ])('refuses an attestation object with %s', (_, mutateAttestationObject) =>
      expectRefusal(register(aRegistration(), { mutateAttestationObject }), 'malformed_cbor', '7.1-13'),
    );

    it.each<[string, (bytes: Buffer) => Uint8Array]>([
      ['less than 37 bytes', (bytes) => bytes.subarray(0, 36)],
      ['no room for the credential', (bytes) => bytes.subarray(0, 50)],
      ['a cut key', (bytes) => bytes.subarray(0, -1)],
      ['something after the key', (bytes) => Buffer.concat([bytes, Buffer.from([0xa0])])],
    ])('refuses authenticator data with %s', async (_, mutateAuthenticatorData) => {
      await expect(register(aRegistration(), { mutateAuthenticatorData })).rejects.toMatchObject({
        name: 'CeremonyRefusal',
        reason: expect.stringMatching(/^malformed_(authenticator_data|cbor)$/),
        step: '7.1-13',
      });
    });

    it('refuses authenticator data without attested credential data', () =>
      expectRefusal(
        register(aRegistration(), {
          flags: { at: false },
          mutateAuthenticatorData: (bytes) => bytes.subarray(0, 37),
        }),
        'malformed_authenticator_data',
        '7.1-13',
      ));

    it('refuses credential data that no flag announces', () =>
      expectRefusal(
        register(aRegistration(), { flags: { at: false } }),
        'malformed_authenticator_data',
        '7.1-13',
      ));

    it('refuses extensions that no flag announces', () =>
      expectRefusal(
        register(aRegistration(), { extensions: new Map(), flags: { ed: false } }),
        'malformed_authenticator_data',
        '7.1-13',
      ));

    it('refuses a flag that announces missing extensions', () =>
      expectRefusal(register(aRegistration(), { flags: { ed: true } }), 'malformed_cbor', '7.1-13'));

    it.each([
      ['a text', encodeCbor('extensions')],
      ['two maps', Buffer.from('a0a0', 'hex')],
      ['a map that nests too deep', Buffer.from(`a10081${'81'.repeat(20)}00`, 'hex')],
    ])('refuses %s as extensions', (_, extensions) =>
      expectRefusal(
        register(aRegistration(), {
          flags: { ed: true },
          mutateAuthenticatorData: (bytes) => Buffer.concat([bytes, extensions]),
        }),
        'malformed_cbor',
        '7.1-13',
      ),
    );
  });

  describe('Step 14: the RP ID is the app’s', () => {
    it.each(['evil.example', 'EXAMPLE.com', 'sub.example.com', ''])(
      'refuses a credential for the RP ID %p',
      (rpId) => expectRefusal(register(aRegistration(), { rpId }), 'rp_id_mismatch', '7.1-14'),
    );
  });

  describe('Step 15: the user is present', () => {
    it('refuses a response without the UP flag', () =>
      expectRefusal(register(aRegistration(), { flags: { up: false } }), 'user_not_present', '7.1-15'));

    it.each<[string, Partial<CreateOverrides>]>([
      ['none', {}],
      ['packed (self)', { format: 'packed' }],
      [
        'packed with a certificate, which the library verifies',
        {
          format: 'packed',
          mutateStatement: (statement, { privateKey }) =>
            statement.set('x5c', [new Uint8Array(attestationCertificate(privateKey))]),
        },
      ],
    ])('accepts a response without UP and UV after a conditional start: attestation %s', (_, overrides) =>
      expect(
        register(
          aRegistration(),
          { ...overrides, ...SILENTLY },
          { isConditional: true, requireUserVerification: false },
        ),
      ).resolves.toMatchObject({ userVerified: false }),
    );

    it('refuses a response without UV after a conditional start if user verification is required', () =>
      expectRefusal(
        register(aRegistration(), SILENTLY, { isConditional: true }),
        'user_not_verified',
        '7.1-16',
      ));
  });

  describe('Step 16: the user is verified where that is required', () => {
    it('refuses a response without the UV flag if user verification is required', () =>
      expectRefusal(register(aRegistration(), { flags: { uv: false } }), 'user_not_verified', '7.1-16'));

    it('accepts a response without the UV flag if user verification is not required', () =>
      expect(
        register(aRegistration(), { flags: { uv: false } }, { requireUserVerification: false }),
      ).resolves.toMatchObject({ userVerified: false }));
  });

  describe('Step 17: what cannot be backed up is not backed up', () => {
    it('refuses BS without BE', () =>
      expectRefusal(
        register(aRegistration(), { flags: { be: false, bs: true } }),
        'backup_flags_invalid',
        '7.1-17',
      ));
  });

  describe('Step 20: the algorithm is one that was offered', () => {
    it('refuses an algorithm that was not offered', () =>
      expectRefusal(
        register(aRegistration({}, { algorithms: [-7] }), { algorithm: -8 }),
        'algorithm_not_offered',
        '7.1-20',
      ));

    it('refuses a malformed public key', () =>
      expectRefusal(
        register(aRegistration(), { mutateKey: (key) => key.set(-2, new Uint8Array(32)) }),
        'malformed_key',
        '7.1-20',
      ));

    it.each<[string, Buffer]>([
      ['a key with a label twice', Buffer.from('a201020102', 'hex')],
      ['a key of indefinite length', Buffer.from('bf0102ff', 'hex')],
    ])('refuses %s', (_, key) =>
      expectRefusal(register(aRegistration(), { mutateKey: () => key }), 'malformed_cbor', '7.1-13'),
    );
  });

  describe('Step 21: the attestation statement format is known', () => {
    it.each(['android-safetynet', 'compound', 'Packed', 'x', '__proto__'])(
      'refuses the format %p',
      (format) =>
        expectRefusal(register(aRegistration(), { format }), 'attestation_format_unsupported', '7.1-21'),
    );
  });

  describe('Step 22: the attestation statement is valid', () => {
    const certified =
      (traits: Parameters<typeof attestationCertificate>[1] = {}): CreateOverrides['mutateStatement'] =>
      (statement, { privateKey }) =>
        statement.set('x5c', [new Uint8Array(attestationCertificate(privateKey, traits))]);

    it('accepts a packed statement with a certificate', () =>
      expect(
        register(aRegistration(), { format: 'packed', mutateStatement: certified() }),
      ).resolves.toMatchObject({ attestationFormat: 'packed' }));

    it('refuses a certificate that is not for attestation', () =>
      expectRefusal(
        register(aRegistration(), {
          format: 'packed',
          mutateStatement: certified({ organizationalUnit: 'Web' }),
        }),
        'attestation_invalid',
        '7.1-22',
      ));

    it.each(['packed', 'tpm', 'android-key', 'fido-u2f', 'apple'])(
      'refuses an empty statement of format %s',
      (format) =>
        expectRefusal(
          register(aRegistration(), { format, mutateStatement: () => new Map() }),
          'attestation_invalid',
          '7.1-22',
        ),
    );

    it('refuses a statement that is not empty in the format none', () =>
      expectRefusal(
        register(aRegistration(), { mutateStatement: (statement) => statement.set('alg', -7) }),
        'attestation_invalid',
        '7.1-22',
      ));

    it.each([
      ['a text', 'certificate'],
      ['null', null],
      ['an empty list', []],
      ['a list of texts', ['MIIB']],
      ['bytes that are not a certificate', [new Uint8Array([1, 2, 3])]],
    ])('refuses %s as certificates', (_, x5c) =>
      expectRefusal(
        register(aRegistration(), {
          format: 'packed',
          mutateStatement: (statement) => statement.set('x5c', x5c),
        }),
        'attestation_invalid',
        '7.1-22',
      ),
    );

    it.each([-7, -8, -257] as const)(
      'refuses a self attestation of %i that names another algorithm',
      (algorithm) =>
        expectRefusal(
          register(aRegistration({}, { algorithms: [algorithm] }), {
            format: 'packed',
            mutateStatement: (statement) => statement.set('alg', algorithm === -7 ? -35 : -7),
          }),
          'attestation_invalid',
          '7.1-22',
        ),
    );

    it.each([-7, -8, -257] as const)('refuses a self attestation of %i with a wrong signature', (algorithm) =>
      expectRefusal(
        register(aRegistration({}, { algorithms: [algorithm] }), {
          format: 'packed',
          mutateSignature: flipLast,
        }),
        'attestation_invalid',
        '7.1-22',
      ),
    );

    it('refuses a self attestation with bytes after its signature', () =>
      expectRefusal(
        register(aRegistration(), {
          format: 'packed',
          mutateSignature: (bytes) => Buffer.concat([bytes, Buffer.from([0])]),
        }),
        'attestation_invalid',
        '7.1-22',
      ));

    it('refuses a self attestation without a signature', () =>
      expectRefusal(
        register(aRegistration(), {
          format: 'packed',
          mutateStatement: (statement) => (statement.delete('sig'), statement),
        }),
        'attestation_invalid',
        '7.1-22',
      ));
  });

  describe('Step 25: the credential ID is at most 1023 bytes, and the same in the response and in the authenticator data', () => {
    it.each([1, 16, 64, 1023])('accepts a credential ID of %i bytes', async (length) => {
      const credentialId = Buffer.alloc(length, 0x42);
      await expect(register(aRegistration(), { credentialId })).resolves.toMatchObject({ credentialId });
    });

    it.each([1024, 20_000])('refuses a credential ID of %i bytes', (length) =>
      expectRefusal(
        register(aRegistration(), { credentialId: Buffer.alloc(length, 0x42) }),
        'credential_id_too_long',
        '7.1-25',
      ),
    );

    it('refuses a longer credential ID in the authenticator data', () =>
      expectRefusal(
        register(aRegistration(), {
          credentialId: Buffer.alloc(1024),
          response: { id: 'AQID', rawId: 'AQID' },
        }),
        'credential_id_too_long',
        '7.1-25',
      ));

    it('refuses an id that differs from the attested one', () =>
      expectRefusal(
        register(aRegistration(), { response: { id: 'AQID', rawId: 'AQID' } }),
        'credential_id_mismatch',
        '7.1-25',
      ));
  });
});

function swap(bytes: Buffer, from: string, to: string): Buffer {
  return Buffer.from(bytes.toString('hex').replace(from, to), 'hex');
}

function flipLast(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]);
}

const pad = (text: string): string => text.padEnd(Math.ceil(text.length / 4) * 4, '=');

const padAll = (members: object): object =>
  Object.fromEntries(
    Object.entries(members).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'string' ? pad(value) : value,
    ]),
  );
