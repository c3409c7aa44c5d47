import { randomBytes } from 'node:crypto';
import {
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { aChallenge, anAuthentication, aRegistration, aRelyingParty } from '../../test/support/ceremonies.js';
import { attestationSubject } from '../../test/support/attestation-certificate.js';
import {
  AIK,
  ANDROID,
  androidKey,
  apple,
  fidoU2f,
  packed,
  type StatementTraits,
  tpm,
} from '../../test/support/attestation-statements.js';
import type { CreateOverrides, GetOverrides } from '../../test/support/ceremony-overrides.js';
import { withRoots } from '../../test/support/known-roots.js';
import { type NameAttribute, TestAuthority } from '../../test/support/x509.js';
import { coseKey, encodeCbor } from '../../test/support/software-credential.js';
import { encodeBase64url } from './base64url.js';
import { CeremonyRefusal, type RefusalReason } from './ceremony-refusal.js';
import { type ExpectedAuthentication, verifyAuthentication } from './verify-authentication.js';
import { type ExpectedRegistration, verifyRegistration } from './verify-registration.js';

// Responses are verified without the library. Where it judges otherwise, that is listed here.

type Authentication = Awaited<ReturnType<typeof anAuthentication>>;
type Verdict = 'accepted' | 'refused' | RefusalReason;
interface Verdicts {
  readonly ours: Verdict;
  readonly library: Verdict;
}

async function judgeAuthentication(
  response: AuthenticationResponseJSON,
  expected: ExpectedAuthentication,
): Promise<Verdicts> {
  const { relyingParty, credential } = expected;
  const byLibrary = librarys(
    verifyAuthenticationResponse({
      response,
      expectedChallenge: expected.challenge,
      expectedOrigin: [...relyingParty.origins],
      expectedRPID: relyingParty.id,
      expectedTopOrigin: [...relyingParty.topOrigins],
      requireUserVerification: expected.requireUserVerification,
      credential: {
        id: encodeBase64url(credential.id),
        publicKey: new Uint8Array(credential.publicKey),
        counter: 0,
      },
    }),
  );
  return {
    ours: await verdictOf(verifyAuthentication(response, expected)),
    library: await byLibrary,
  };
}

async function judgeRegistration(
  response: RegistrationResponseJSON,
  expected: ExpectedRegistration,
): Promise<Verdicts> {
  const byLibrary = librarys(
    verifyRegistrationResponse({
      response,
      expectedChallenge: expected.challenge,
      expectedOrigin: [...expected.relyingParty.origins],
      expectedRPID: expected.relyingParty.id,
      requireUserVerification: expected.requireUserVerification,
      supportedAlgorithmIDs: [...expected.algorithms],
    }),
  );
  return {
    ours: await verdictOf(verifyRegistration(response, expected)),
    library: await byLibrary,
  };
}

const verdictOf = (verification: Promise<unknown>): Promise<Verdict> =>
  verification.then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof CeremonyRefusal) return error.reason;
      throw error;
    },
  );

/** Awaited from the beginning: a refusal that comes before our verdict would else be an unhandled one. */
const librarys = (verification: Promise<{ verified: boolean }>): Promise<Verdict> =>
  verification.then(
    ({ verified }) => (verified ? 'accepted' : 'refused'),
    () => 'refused',
  );

/** One response, and what it is verified against. */
interface Vector {
  readonly get?: Partial<GetOverrides>;
  readonly expected?: Partial<ExpectedAuthentication>;
  readonly stored?: Partial<ExpectedAuthentication['credential']>;
  /** Members of the inner response that are changed after signing. */
  readonly inner?: Record<string, unknown>;
}

const judgeVector = (begun: Authentication, { get, expected, stored, inner }: Vector) => {
  const response = begun.respond(get);
  const credential = { ...begun.expected.credential, ...stored };
  return judgeAuthentication(
    { ...response, response: { ...response.response, ...inner } },
    { ...begun.expected, credential, ...expected },
  );
};

const TOP = 'https://portal.example';
const framing = { relyingParty: aRelyingParty({ topOrigins: [TOP] }) };
const clientData = (members: Record<string, unknown>): Vector => ({ get: { clientData: members } });
const flags = (changes: GetOverrides['flags'], expected: Partial<ExpectedAuthentication> = {}): Vector => ({
  get: { flags: changes },
  expected,
});
const signature = (mutateSignature: (bytes: Buffer) => Uint8Array): Vector => ({ get: { mutateSignature } });
const withExtension = (cbor: string): Vector => ({
  get: {
    flags: { ed: true },
    mutateAuthenticatorData: (bytes) => Buffer.concat([bytes, Buffer.from(cbor, 'hex')]),
  },
});

describe.each([-7, -35, -36, -8, -257] as const)('authentications of algorithm %i', (algorithm) => {
  let begun: Authentication;
  beforeAll(async () => {
    begun = await anAuthentication({ algorithms: [algorithm] });
  });

  it.each<[string, Vector]>([
    ['with the usual members', {}],
    ['with a counter', { get: { counter: 4_294_967_295 } }],
    ['without user verification', flags({ uv: false }, { requireUserVerification: false })],
    ['not backed up', flags({ bs: false })],
    ['with extension outputs', { get: { extensions: new Map([['uvm', [[2, 4, 2]]]]) } }],
    ['in a listed frame', { get: { crossOrigin: true, topOrigin: TOP }, expected: framing }],
    ['with the token binding of old clients', clientData({ tokenBinding: { status: 'supported' } })],
    ['with unknown client data', clientData({ extra: [] })],
    ['with the user handle as text', { get: { userHandle: 'text' } }],
    ['with an empty user handle', { inner: { userHandle: '' }, expected: { userHandleRequired: false } }],
  ])('are accepted by Keyway and the library: %s', async (_, vector) => {
    expect(await judgeVector(begun, vector)).toEqual({ ours: 'accepted', library: 'accepted' });
  });

  it.each<[string, RefusalReason, Vector]>([
    ['of another type', 'type_mismatch', clientData({ type: 'webauthn.create' })],
    ['for another challenge', 'challenge_mismatch', { expected: { challenge: aChallenge() } }],
    ['on another origin', 'origin_not_allowed', { get: { origin: 'https://evil.example' } }],
    ['in another frame', 'top_origin_not_allowed', { get: { crossOrigin: true, topOrigin: TOP } }],
    ['with a top origin alone', 'cross_origin', { get: { topOrigin: TOP }, expected: framing }],
    ['for another RP ID', 'rp_id_mismatch', { get: { rpId: 'evil.example' } }],
    ['without user presence', 'user_not_present', flags({ up: false })],
    ['without user verification', 'user_not_verified', flags({ uv: false })],
    ['backed up and not eligible', 'backup_flags_invalid', flags({ be: false, bs: true })],
    ['with a wrong signature', 'signature_invalid', signature((bytes) => flipAt(bytes, bytes.length - 1))],
    [
      'with something after its data',
      'malformed_authenticator_data',
      { get: { extensions: new Map(), flags: { ed: false } } },
    ],
    ['with a reserved CBOR head', 'malformed_cbor', withExtension('a1016161' + '1c')],
  ])('are refused by Keyway and the library: %s', async (_, reason, vector) => {
    expect(await judgeVector(begun, vector)).toEqual({ ours: reason, library: 'refused' });
  });

  it.each<[why: string, RefusalReason, Vector]>([
    ['its caller chooses the credential', 'credential_id_mismatch', { stored: { id: randomBytes(32) } }],
    ['it compares no user handles', 'user_handle_mismatch', { stored: { userHandle: randomBytes(32) } }],
    ['it requires no user handle', 'user_handle_missing', { get: { userHandle: 'none' } }],
    ['it does not know backup eligibility', 'backup_eligibility_changed', flags({ be: false, bs: false })],
    ['Safari omits the top origin', 'cross_origin', { get: { crossOrigin: true }, expected: framing }],
    ['it does not check types', 'malformed_client_data', clientData({ crossOrigin: null })],
    ['it accepts any CBOR as extensions', 'malformed_cbor', withExtension('80')],
    ['it decodes tags', 'malformed_cbor', withExtension('a16161c000')],
  ])('are refused by Keyway and accepted by the library, because %s', async (_, reason, vector) => {
    expect(await judgeVector(begun, vector)).toEqual({ ours: reason, library: 'accepted' });
  });
});

describe('registrations with an attestation by certificates', () => {
  const root = new TestAuthority('Root');
  const authority = root.authority('Authority');
  const stranger = new TestAuthority('Stranger');
  const judge = async (overrides: Partial<CreateOverrides>, judgesAttestation = true) => {
    const { respond, expected } = aRegistration({}, { algorithms: [-7] });
    // The library remembers roots for all verifications, and has none for the other formats.
    return withRoots('android-key', [root], () =>
      withRoots('apple', [root], () =>
        judgeRegistration(respond(overrides), { ...expected, judgesAttestation }),
      ),
    );
  };
  const without = (member: string): StatementTraits => ({ change: (it) => it.delete(member) });
  const otherwise: StatementTraits = { clientDataHash: randomBytes(32) };
  const [country, organization, unit, name] = attestationSubject() as [
    NameAttribute,
    NameAttribute,
    NameAttribute,
    NameAttribute,
  ];
  const series: NameAttribute = ['55040b', 'Series 5'];

  it.each([
    ['packed', packed(authority)],
    ['tpm', tpm(authority)],
    ['fido-u2f', fidoU2f(root)],
    ['apple', apple(authority)],
  ])('are accepted by Keyway and the library: %s', async (_, overrides) => {
    expect(await judge(overrides)).toEqual({ ours: 'accepted', library: 'accepted' });
  });

  it.each([
    ['packed for another ceremony', packed(authority, otherwise)],
    ['packed without a signature', packed(authority, without('sig'))],
    [
      'packed of another unit',
      packed(authority, { certificate: { subject: [country, organization, series, name] } }),
    ],
    ['tpm for another ceremony', tpm(authority, otherwise)],
    ['tpm without certInfo', tpm(authority, without('certInfo'))],
    ['fido-u2f for another ceremony', fidoU2f(root, otherwise)],
    ['apple for another ceremony', apple(authority, otherwise)],
    ['apple of another root', apple(stranger)],
  ])('are refused by Keyway and the library: %s', async (_, overrides) => {
    expect(await judge(overrides)).toEqual({ ours: 'attestation_invalid', library: 'refused' });
  });

  it.each([
    [
      'it reads the last unit alone',
      packed(authority, { certificate: { subject: [country, organization, unit, series, name] } }),
    ],
    [
      'it reads the first usage alone',
      tpm(authority, {
        certificate: { extensions: [AIK.names(AIK.tpm()), AIK.usages(AIK.otherUsage, AIK.usage)] },
      }),
    ],
    [
      'it reads the first name alone',
      tpm(authority, {
        certificate: { extensions: [AIK.names(AIK.otherName, AIK.tpm()), AIK.usages(AIK.usage)] },
      }),
    ],
    ['it requires a known root for Android', androidKey(stranger.authority('Phones'))],
  ])('are accepted by Keyway and refused by the library, because %s', async (_, overrides) => {
    expect(await judge(overrides)).toEqual({ ours: 'accepted', library: 'refused' });
  });

  it.each([
    ['fido-u2f with two certificates', fidoU2f(root, { withRoot: true })],
    ['android-key for an imported key', androidKey(root, { hardware: [ANDROID.signs, ANDROID.imported] })],
  ])('are refused by Keyway and accepted by the library: %s', async (_, overrides) => {
    expect(await judge(overrides)).toEqual({ ours: 'attestation_invalid', library: 'accepted' });
  });
});

describe('a change of any byte', () => {
  /** Each byte flipped in three ways or left out, and a byte put in before each and at the end. */
  const changesOf = (bytes: Buffer): Buffer[] =>
    Array.from({ length: bytes.length + 1 }, (_, at) => {
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
      const longer = Buffer.concat([before, Buffer.from([at % 2 ? 0xff : 0]), after]);
      if (at === bytes.length) return [longer];
      const flipped = [0x01, 0x20, 0x80].map((bits) => flipAt(bytes, at, bits));
      return [longer, ...flipped, Buffer.concat([before, after.subarray(1)])];
    }).flat();

  /** What we say where the library says something else, each once. */
  async function differences(verdicts: readonly Promise<Verdicts>[]): Promise<string[]> {
    const different = (await Promise.all(verdicts)).filter(
      ({ ours, library }) => (ours === 'accepted') !== (library === 'accepted'),
    );
    return [...new Set(different.map(({ ours }) => ours))].sort();
  }
  const bytesOf = (base64url: string) => Buffer.from(base64url, 'base64url');

  it.each([
    // The library reads ECDSA signatures as BER and overlooks what follows.
    [-7, ['signature_invalid']],
    [-8, []],
    [-257, []],
  ] as const)(
    'of a signature of algorithm %i gets the same verdict from both, except %j',
    async (algorithm, reasons) => {
      const { respond, expected } = await anAuthentication({ algorithms: [algorithm] });
      const response = respond();
      const verdicts = changesOf(bytesOf(response.response.signature)).map((signature) =>
        judgeAuthentication(withInner(response, { signature }), expected),
      );
      expect(await differences(verdicts)).toEqual(reasons);
    },
  );

  it.each(['clientDataJSON', 'authenticatorData'] as const)(
    'of signed %s is refused by both',
    async (member) => {
      const { respond, expected } = await anAuthentication({ algorithms: [-8] });
      const response = respond();
      for (const bytes of changesOf(bytesOf(response.response[member]))) {
        const { ours, library } = await judgeAuthentication(
          withInner(response, { [member]: bytes }),
          expected,
        );
        expect([ours, library]).not.toContain('accepted');
      }
    },
  );

  it('of client data before it is signed gets the same verdict from both, except for broken UTF-8', async () => {
    const { respond, expected } = await anAuthentication({ algorithms: [-8] });
    const verdicts = changesOf(bytesOf(respond().response.clientDataJSON)).map((clientDataJSON) =>
      judgeAuthentication(respond({ clientDataJSON }), expected),
    );
    expect(await differences(verdicts)).toEqual(['malformed_client_data']);
  });

  it('of authenticator data before it is signed gets the same verdict, except for CBOR outside CTAP', async () => {
    const { respond, expected } = await anAuthentication({ algorithms: [-8] });
    const key = encodeCbor(coseKey([1, 1], [3, -8], [-1, 6], [-2, new Uint8Array(32)]));
    const whole = {
      extensions: new Map<string, unknown>([['uvm', [[2, 4, 2]]]]),
      attestedCredentialData: Buffer.concat([Buffer.alloc(18), key]),
    };
    const verdicts = changesOf(bytesOf(respond(whole).response.authenticatorData)).map((bytes) =>
      judgeAuthentication(respond({ ...whole, mutateAuthenticatorData: () => bytes }), expected),
    );
    expect(await differences(verdicts)).toEqual(['malformed_cbor']);
  });

  it.each([
    // The library compares the credential ID with nothing, and takes any bytes for a key.
    ['none', ['credential_id_mismatch', 'malformed_cbor', 'malformed_key']],
    // It looks at the algorithm of a self attestation only where the key leaves a choice.
    ['packed', ['attestation_invalid', 'malformed_cbor']],
  ])('of an attestation object of %s gets the same verdict from both, except %j', async (format, reasons) => {
    const { respond, expected } = aRegistration({}, { algorithms: [-8] });
    const response = respond({ format });
    const verdicts = changesOf(bytesOf(response.response.attestationObject)).map((attestationObject) =>
      judgeRegistration(withInner(response, { attestationObject }), expected),
    );
    expect(await differences(verdicts)).toEqual(reasons);
  });
});

/** The response with members of the inner one replaced. */
function withInner<T extends { response: object }>(response: T, members: Record<string, Buffer>): T {
  const encoded = Object.entries(members).map(([member, bytes]) => [member, encodeBase64url(bytes)]);
  return { ...response, response: { ...response.response, ...Object.fromEntries(encoded) } };
}

function flipAt(bytes: Buffer, index: number, bits = 1): Buffer {
  const copy = Buffer.from(bytes);
  copy[index]! ^= bits;
  return copy;
}
