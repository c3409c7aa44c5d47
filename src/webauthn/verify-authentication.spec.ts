import { randomBytes } from 'node:crypto';
import { aChallenge, anAuthentication, aRelyingParty } from '../../test/support/ceremonies.js';
import { GetOverrides } from '../../test/support/ceremony-overrides.js';
import { toHandshakeResponse } from '../../test/support/software-authenticator.js';
import { Refusal } from '../errors/refusal.js';
import { RefusalReason, SpecificationStep } from './ceremony-refusal.js';
import { presentedCredentialId } from './presented-response.js';
import { ExpectedAuthentication, StoredCredential, verifyAuthentication } from './verify-authentication.js';

type Authentication = Awaited<ReturnType<typeof anAuthentication>>;

const signIn = (
  { respond, expected }: Authentication,
  overrides: Partial<GetOverrides> = {},
  changes: Partial<ExpectedAuthentication> = {},
) => verifyAuthentication(respond(overrides), { ...expected, ...changes });

const expectRefusal = (attempt: Promise<unknown>, reason: RefusalReason, step: SpecificationStep) =>
  expect(attempt).rejects.toMatchObject({ name: 'CeremonyRefusal', reason, step });

const TOP = 'https://portal.example';
const framing = aRelyingParty({ topOrigins: [TOP] });

describe('WebAuthn Level 3 §7.2 Verifying an Authentication Assertion', () => {
  let ceremony: Authentication;
  const stored = (changes: Partial<StoredCredential>) => ({
    credential: { ...ceremony.expected.credential, ...changes },
  });

  beforeEach(async () => {
    ceremony = await anAuthentication();
  });

  describe.each([-7, -35, -36, -8, -257] as const)('a whole ceremony with algorithm %i', (algorithm) => {
    it.each([
      { uv: true, be: true, bs: true },
      { uv: true, be: true, bs: false },
      { uv: true, be: false, bs: false },
      { uv: false, be: true, bs: true },
      { uv: false, be: false, bs: false },
    ])('returns the flags and the counter of the authenticator: %o', async ({ uv, be, bs }) => {
      const traits = { userVerified: uv, backupEligible: be, backedUp: bs, algorithms: [algorithm] };
      const begun = await anAuthentication(traits);
      const verified = await signIn(begun, { counter: 4_294_967_295 }, { requireUserVerification: false });
      expect(verified).toEqual({
        counter: 4_294_967_295,
        backupEligible: be,
        backedUp: bs,
        isBackupEligibilityChanged: false,
        userVerified: uv,
        userHandle: begun.userHandle,
      });
    });
  });

  describe('Step 3: the response is that of an authentication', () => {
    it('accepts the form of the Passage browser SDK', async () => {
      const { respond, expected } = ceremony;
      await expect(verifyAuthentication(toHandshakeResponse(respond()), expected)).resolves.toBeDefined();
    });

    it('ignores unknown members', async () => {
      const { respond, expected } = ceremony;
      const response = { ...respond(), surprise: 1, authenticatorAttachment: 7 };
      await expect(verifyAuthentication(response, expected)).resolves.toBeDefined();
    });

    it.each([undefined, null, 0, 'text', true, [], {}])('refuses %p in place of a response', (response) =>
      expectRefusal(verifyAuthentication(response, ceremony.expected), 'malformed_response', '7.2-3'),
    );

    it.each([
      ['no rawId', { rawId: undefined }],
      ['another type', { type: 'federated' }],
      ['a list for the inner response', { response: [] }],
      ['a registration', { response: { clientDataJSON: 'e30', attestationObject: 'oA' } }],
    ])('refuses %s', (_, response) =>
      expectRefusal(signIn(ceremony, { response }), 'malformed_response', '7.2-3'),
    );

    it.each([
      ['no signature', { signature: undefined }],
      ['an empty signature', { signature: '' }],
      ['a signature of padding alone', { signature: '==' }],
      ['a padded signature with stray bits', { signature: 'AB==' }],
      ['a signature with wrong padding', { signature: 'AAA==' }],
      ['a signature that is too long', { signature: 'A'.repeat(2000) }],
      ['authenticator data that is too long', { authenticatorData: 'A'.repeat(12_000) }],
      ['a number for client data', { clientDataJSON: 1 }],
      ['a list for a user handle', { userHandle: ['AA'] }],
      ['a user handle with foreign characters', { userHandle: '+/==' }],
      ['a user handle that is too long', { userHandle: 'A'.repeat(88) }],
    ])('refuses %s', (_, inner) => {
      const response = ceremony.respond();
      return expectRefusal(
        verifyAuthentication(
          { ...response, response: { ...response.response, ...inner } },
          ceremony.expected,
        ),
        'malformed_response',
        '7.2-3',
      );
    });

    it('refuses an id that differs from rawId', () =>
      expectRefusal(signIn(ceremony, { response: { id: 'AQID' } }), 'credential_id_mismatch', '7.2-3'));
  });

  describe('Step 6: the credential is the stored one, and the user handle its owner’s', () => {
    it('reads the credential ID for the lookup', () => {
      expect(presentedCredentialId(ceremony.respond())).toEqual(ceremony.registered.credentialId);
    });

    it.each([
      [{ id: 'AQID' }, 'malformed_response', '7.2-3'],
      [{ id: 'AQID', rawId: 'AQI' }, 'credential_id_mismatch', '7.2-3'],
      [{ id: 'AQID=', rawId: 'AQID=' }, 'malformed_response', '7.2-3'],
      [{ id: 'AR==', rawId: 'AR==' }, 'malformed_response', '7.2-3'],
      [{ id: 'AQ==', rawId: 'Ag==' }, 'credential_id_mismatch', '7.2-3'],
      [{ id: 'A', rawId: 'A' }, 'malformed_response', '7.2-3'],
      [{ id: '', rawId: '' }, 'malformed_response', '7.2-3'],
      [{ id: 'A'.repeat(1366), rawId: 'A'.repeat(1366) }, 'credential_id_too_long', '7.1-25'],
      [{ id: 'A'.repeat(1365), rawId: 'A'.repeat(1365) }, 'credential_id_too_long', '7.1-25'],
      [null, 'malformed_response', '7.2-3'],
    ])('reads no credential ID from %o', (response, reason, step) => {
      expect(() => presentedCredentialId(response)).toThrow(
        expect.objectContaining({ name: 'CeremonyRefusal', reason, step }),
      );
    });

    it.each([
      ['AQ==', 'AQ'],
      ['AQ', 'AQ=='],
      ['AQI=', 'AQI='],
    ])('reads one credential ID from %s and %s, padded or not', (id, rawId) => {
      expect(presentedCredentialId({ id, rawId })).toEqual(Buffer.from(id, 'base64url'));
    });

    it('reads a credential ID of 1023 bytes', () => {
      const id = Buffer.alloc(1023, 1).toString('base64url');
      expect(presentedCredentialId({ id, rawId: id })).toHaveLength(1023);
    });

    it('refuses a credential other than the stored one', () =>
      expectRefusal(
        signIn(ceremony, {}, stored({ id: randomBytes(32) })),
        'credential_id_mismatch',
        '7.2-6',
      ));

    it.each(['bytes', 'text'] as const)('accepts the user handle as %s', (userHandle) =>
      expect(signIn(ceremony, { userHandle })).resolves.toBeDefined(),
    );

    it.each(['bytes', 'text'] as const)('refuses the user handle of another user as %s', (userHandle) =>
      expectRefusal(
        signIn(ceremony, { userHandle }, stored({ userHandle: randomBytes(32) })),
        'user_handle_mismatch',
        '7.2-6',
      ),
    );

    it('refuses a part of the user handle', () =>
      expectRefusal(
        signIn(ceremony, {}, stored({ userHandle: ceremony.userHandle.subarray(0, 31) })),
        'user_handle_mismatch',
        '7.2-6',
      ));

    it('refuses a wrong user handle even if a user handle is not required', () =>
      expectRefusal(
        signIn(ceremony, {}, { ...stored({ userHandle: randomBytes(32) }), userHandleRequired: false }),
        'user_handle_mismatch',
        '7.2-6',
      ));

    it('accepts any user handle if none is stored, except in a discoverable sign-in', async () => {
      const expected = { ...stored({ userHandle: null }), userHandleRequired: false };
      const verified = await signIn(ceremony, {}, expected);
      expect(verified.userHandle).toEqual(ceremony.userHandle);
      expect((await signIn(ceremony, { userHandle: 'none' }, expected)).userHandle).toBeNull();
      await expect(signIn(ceremony, {}, stored({ userHandle: null }))).rejects.toMatchObject({
        reason: 'user_handle_unknown',
      });
    });

    it.each([undefined, null, ''])('treats %p as a missing user handle', async (userHandle) => {
      const response = ceremony.respond();
      const presented = { ...response, response: { ...response.response, userHandle } };
      const { expected } = ceremony;
      await expect(
        verifyAuthentication(presented, { ...expected, userHandleRequired: false }),
      ).resolves.toBeDefined();
      await expectRefusal(verifyAuthentication(presented, expected), 'user_handle_missing', '7.2-6');
    });
  });

  describe('Step 7: the authenticator data is well-formed', () => {
    it('accepts authenticator extension outputs', () =>
      expect(signIn(ceremony, { extensions: new Map([['uvm', [[2, 4, 2]]]]) })).resolves.toBeDefined());

    it('accepts well-formed attested credential data', () =>
      expect(
        signIn(ceremony, {
          attestedCredentialData: Buffer.concat([
            Buffer.alloc(18),
            Buffer.from(ceremony.registered.publicKey),
          ]),
        }),
      ).resolves.toBeDefined());

    it.each<[string, (bytes: Buffer) => Uint8Array]>([
      ['36 bytes', (bytes) => bytes.subarray(0, 36)],
      ['something left over', (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
    ])('refuses %s', (_, mutateAuthenticatorData) =>
      expectRefusal(signIn(ceremony, { mutateAuthenticatorData }), 'malformed_authenticator_data', '7.2-7'),
    );

    it('refuses a flag that announces missing credential data', () =>
      expectRefusal(signIn(ceremony, { flags: { at: true } }), 'malformed_authenticator_data', '7.2-7'));

    it('refuses a flag that announces missing extensions', () =>
      expectRefusal(signIn(ceremony, { flags: { ed: true } }), 'malformed_cbor', '7.2-7'));

    it('refuses extensions that no flag announces', () =>
      expectRefusal(
        signIn(ceremony, { extensions: new Map(), flags: { ed: false } }),
        'malformed_authenticator_data',
        '7.2-7',
      ));
  });

  describe('Step 8: the client data is UTF-8', () => {
    it('refuses broken UTF-8', () =>
      expectRefusal(
        signIn(ceremony, { clientDataJSON: Buffer.from('c328', 'hex') }),
        'malformed_client_data',
        '7.2-8',
      ));
  });

  describe('Step 9: the client data is a JSON object', () => {
    it('accepts unknown members of the client data', () =>
      expect(signIn(ceremony, { clientData: { extra: [] } })).resolves.toBeDefined());

    it.each([{ status: 'supported' }, { status: 'not-supported' }, 'bound', null])(
      'ignores tokenBinding of old clients, such as %j',
      (tokenBinding) => expect(signIn(ceremony, { clientData: { tokenBinding } })).resolves.toBeDefined(),
    );

    it.each(['null', '[]', 'webauthn.get', '{"type":"webauthn.get"}'])(
      'refuses client data that is %p',
      (text) =>
        expectRefusal(
          signIn(ceremony, { clientDataJSON: Buffer.from(text) }),
          'malformed_client_data',
          '7.2-9',
        ),
    );
  });

  describe('Step 10: the type is webauthn.get', () => {
    it.each(['webauthn.create', 'payment.get', ''])('refuses the type %p', (type) =>
      expectRefusal(signIn(ceremony, { clientData: { type } }), 'type_mismatch', '7.2-10'),
    );
  });

  describe('Step 11: the challenge is the one that was issued', () => {
    it('refuses another challenge', () =>
      expectRefusal(signIn(ceremony, {}, { challenge: aChallenge() }), 'challenge_mismatch', '7.2-11'));
  });

  describe('Step 12: the origin is one of the app’s', () => {
    it('accepts any of several origins', () => {
      const relyingParty = aRelyingParty({ origins: ['https://example.com', 'https://login.example.com'] });
      const attempt = signIn(ceremony, { origin: 'https://login.example.com' }, { relyingParty });
      return expect(attempt).resolves.toBeDefined();
    });

    it.each(['https://evil.example', 'https://example.com/', 'http://example.com', ''])(
      'refuses the origin %p',
      (origin) => expectRefusal(signIn(ceremony, { origin }), 'origin_not_allowed', '7.2-12'),
    );
  });

  describe('Step 13: a cross-origin frame is expected', () => {
    it.each([aRelyingParty(), framing])(
      'refuses crossOrigin without a top origin, even if the app lists top origins',
      (relyingParty) =>
        expectRefusal(signIn(ceremony, { crossOrigin: true }, { relyingParty }), 'cross_origin', '7.2-13'),
    );

    it('accepts crossOrigin without a top origin if the app allows frames in unknown pages', () => {
      const relyingParty = aRelyingParty({ unknownFrames: 'allow' });
      return expect(signIn(ceremony, { crossOrigin: true }, { relyingParty })).resolves.toBeDefined();
    });
  });

  describe('Step 14: the top origin is one the app lists', () => {
    it('accepts a frame in a page that the app lists', () =>
      expect(
        signIn(ceremony, { crossOrigin: true, topOrigin: TOP }, { relyingParty: framing }),
      ).resolves.toBeDefined());

    it('refuses a frame in a page that the app does not list', () =>
      expectRefusal(
        signIn(ceremony, { crossOrigin: true, topOrigin: TOP }),
        'top_origin_not_allowed',
        '7.2-14',
      ));

    it('refuses a top origin without crossOrigin', () =>
      expectRefusal(
        signIn(ceremony, { topOrigin: TOP }, { relyingParty: framing }),
        'cross_origin',
        '7.2-14',
      ));
  });

  describe('Step 15: the RP ID is the app’s', () => {
    it('refuses another RP ID', () =>
      expectRefusal(signIn(ceremony, { rpId: 'evil.example' }), 'rp_id_mismatch', '7.2-15'));
  });

  describe('Step 16: the user is present', () => {
    it('refuses a response without the UP flag', () =>
      expectRefusal(signIn(ceremony, { flags: { up: false } }), 'user_not_present', '7.2-16'));
  });

  describe('Step 17: the user is verified where that is required', () => {
    it('refuses a response without the UV flag if user verification is required', () =>
      expectRefusal(signIn(ceremony, { flags: { uv: false } }), 'user_not_verified', '7.2-17'));

    it('accepts a response without the UV flag if user verification is not required', () =>
      expect(
        signIn(ceremony, { flags: { uv: false } }, { requireUserVerification: false }),
      ).resolves.toBeDefined());
  });

  describe('Step 18: what cannot be backed up is not backed up', () => {
    it('refuses BS without BE', () =>
      expectRefusal(
        signIn(ceremony, { flags: { be: false, bs: true } }, stored({ backupEligible: null })),
        'backup_flags_invalid',
        '7.2-18',
      ));
  });

  describe('Step 19: backup eligibility has not changed, or the policy allows it', () => {
    it.each([true, false])(
      'refuses backup eligibility %p when the opposite is stored and changes are refused',
      (be) =>
        expectRefusal(
          signIn(ceremony, { flags: { be, bs: false } }, stored({ backupEligible: !be })),
          'backup_eligibility_changed',
          '7.2-19',
        ),
    );

    it.each([true, false])('returns backup eligibility %p as changed if changes are recorded', (be) =>
      expect(
        signIn(
          ceremony,
          { flags: { be, bs: false } },
          { ...stored({ backupEligible: !be }), backupEligibilityChange: 'record' },
        ),
      ).resolves.toMatchObject({ backupEligible: be, isBackupEligibilityChanged: true }),
    );

    it.each([true, false])('returns backup eligibility %p, not as a change, if none is stored', (be) =>
      expect(
        signIn(ceremony, { flags: { be, bs: false } }, stored({ backupEligible: null })),
      ).resolves.toMatchObject({ backupEligible: be, isBackupEligibilityChanged: false }),
    );

    it.each([true, false])('returns the backup state %p', (bs) =>
      expect(signIn(ceremony, { flags: { be: true, bs } })).resolves.toMatchObject({ backedUp: bs }),
    );
  });

  describe('Steps 20 and 21: the signature is over the authenticator data and the hash of the client data', () => {
    const flipLast = (bytes: Buffer) =>
      Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]);

    it.each([-7, -8, -257] as const)('refuses a wrong signature of algorithm %i', async (algorithm) => {
      const other = await anAuthentication({ algorithms: [algorithm] });
      await expectRefusal(signIn(other, { mutateSignature: flipLast }), 'signature_invalid', '7.2-21');
    });

    it.each([-7, -8, -257] as const)(
      'refuses the signature of another key of algorithm %i',
      async (algorithm) => {
        const [one, other] = [
          await anAuthentication({ algorithms: [algorithm] }),
          await anAuthentication({ algorithms: [algorithm] }),
        ];
        const credential = { ...one.expected.credential, publicKey: other.expected.credential.publicKey };
        await expectRefusal(signIn(one, {}, { credential }), 'signature_invalid', '7.2-21');
      },
    );

    it('refuses client data that was changed after signing', () => {
      const response = ceremony.respond();
      const clientDataJSON = Buffer.concat([
        Buffer.from(response.response.clientDataJSON, 'base64url'),
        Buffer.from(' '),
      ]).toString('base64url');
      const changed = { ...response, response: { ...response.response, clientDataJSON } };
      return expectRefusal(verifyAuthentication(changed, ceremony.expected), 'signature_invalid', '7.2-21');
    });

    it('refuses a counter that was changed after signing', () => {
      const response = ceremony.respond();
      const bytes = Buffer.from(response.response.authenticatorData, 'base64url');
      bytes.writeUInt32BE(9, 33);
      const authenticatorData = bytes.toString('base64url');
      const changed = { ...response, response: { ...response.response, authenticatorData } };
      return expectRefusal(verifyAuthentication(changed, ceremony.expected), 'signature_invalid', '7.2-21');
    });

    it.each<[string, (bytes: Buffer) => Uint8Array]>([
      ['something after it', (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
      ['something inside after s', (bytes) => Buffer.from([0x30, bytes.length, ...bytes.subarray(2), 5, 0])],
      ['a length in two bytes', (bytes) => Buffer.from([0x30, 0x81, ...bytes.subarray(1)])],
      [
        'a padded integer',
        (bytes) => Buffer.from([0x30, bytes.length - 1, 2, (bytes[3] ?? 0) + 1, 0, ...bytes.subarray(4)]),
      ],
      ['r and s without DER', () => Buffer.alloc(64, 1)],
    ])('refuses an ES256 signature with %s', (_, mutateSignature) =>
      expectRefusal(signIn(ceremony, { mutateSignature }), 'signature_invalid', '7.2-21'),
    );

    it.each(['a0', '', 'a10102', 'ff'])(
      'throws an error that is not a refusal if the stored key is %p, which cannot be read',
      async (hex) => {
        const attempt = signIn(ceremony, {}, stored({ publicKey: Buffer.from(hex, 'hex') }));
        await expect(attempt).rejects.not.toBeInstanceOf(Refusal);
      },
    );
  });

  describe('Step 22: the counter is returned for the caller to compare', () => {
    it('returns the counter of an authenticator that counts', async () => {
      const counting = await anAuthentication({ counter: 'increasing' });
      expect(counting.registered.counter).toBe(1);
      expect((await signIn(counting)).counter).toBe(2);
      expect((await signIn(counting)).counter).toBe(3);
    });

    it('returns zero for an authenticator that does not count', async () => {
      expect((await signIn(ceremony)).counter).toBe(0);
    });
  });
});
