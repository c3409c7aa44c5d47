import { SettingsService } from '@simplewebauthn/server';
import fc from 'fast-check';
import { androidKey, apple, fidoU2f, packed, tpm } from '../../test/support/attestation-statements.js';
import { anAuthentication, aRegistration } from '../../test/support/ceremonies.js';
import { withRoots } from '../../test/support/known-roots.js';
import { TestAuthority } from '../../test/support/x509.js';
import { Refusal } from '../errors/refusal.js';
import type { AuthenticatorModels } from './attestation/attestation-trust.js';
import { CeremonyRefusal } from './ceremony-refusal.js';
import { presentedCredentialId } from './presented-response.js';
import { verifyAuthentication } from './verify-authentication.js';
import { verifyRegistration } from './verify-registration.js';

type Verify = (response: unknown) => Promise<unknown>;
type Json = Record<string, unknown>;

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const text = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map(base64url),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'public-key', '__proto__', 'e30'),
);
const anything = fc.oneof(fc.jsonValue({ maxDepth: 8 }), text);
/** Objects with the right members and, now and then, the right types in them. */
const lookalike = fc.record(
  {
    id: anything,
    rawId: anything,
    type: fc.oneof(fc.constant('public-key'), anything),
    transports: anything,
    authenticatorAttachment: anything,
    response: fc.oneof(
      anything,
      fc.record(
        {
          clientDataJSON: anything,
          attestationObject: anything,
          authenticatorData: anything,
          signature: anything,
          userHandle: anything,
          transports: anything,
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
);

/** A verdict: true for success, the reason for a refusal; anything else thrown fails the test. */
async function verdict(verify: Verify, response: unknown): Promise<true | string> {
  try {
    await verify(response);
    return true;
  } catch (error) {
    if (error instanceof Refusal && error instanceof CeremonyRefusal) return error.reason;
    throw error;
  }
}

/** How to change one of the members that a verification rests on. */
interface Mutation {
  readonly member: number;
  readonly position: number;
  readonly change:
    { kind: 'byte' | 'insert'; value: number } | { kind: 'cut' } | { kind: 'value'; value: unknown };
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  member: fc.nat(),
  position: fc.nat(),
  change: fc.oneof(
    fc.record({ kind: fc.constant('byte' as const), value: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant('insert' as const), value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant('cut' as const) }),
    fc.record({ kind: fc.constant('value' as const), value: anything }),
  ),
});

function mutateBytes(original: string, { position, change }: Mutation): unknown {
  if (change.kind === 'value') return change.value;
  const bytes = Buffer.from(original, 'base64url');
  const at = position % bytes.length;
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (change.kind) {
    case 'byte':
      return base64url(
        Buffer.concat([before, Buffer.from([(after[0] ?? 0) ^ change.value]), after.subarray(1)]),
      );
    case 'insert':
      return base64url(Buffer.concat([before, Buffer.from([change.value]), after]));
    case 'cut':
      return base64url(Buffer.concat([before, after.subarray(1)]));
  }
}

function mutate(response: Json, members: readonly string[], change: Mutation): Json {
  const copy = structuredClone(response);
  const inner = copy.response as Json;
  const member = members[change.member % members.length] ?? 'id';
  const holder = member in inner ? inner : copy;
  holder[member] = mutateBytes(holder[member] as string, change);
  return copy;
}

const REGISTRATION_MEMBERS = ['id', 'rawId', 'clientDataJSON', 'attestationObject'];
const AUTHENTICATION_MEMBERS = [
  'id',
  'rawId',
  'clientDataJSON',
  'authenticatorData',
  'signature',
  'userHandle',
];

describe.each([-7, -8, -257] as const)('hostile responses to a ceremony of algorithm %i', (algorithm) => {
  it('at registration: arbitrary JSON causes a refusal and no other error', async () => {
    const { expected } = aRegistration();
    const verify: Verify = (response) => verifyRegistration(response, expected);
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, lookalike), async (response) => {
        expect(await verdict(verify, response)).not.toBe(true);
      }),
    );
  });

  it('at authentication: arbitrary JSON causes a refusal and no other error', async () => {
    const { expected } = await anAuthentication({ algorithms: [algorithm] });
    const verify: Verify = (response) => verifyAuthentication(response, expected);
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, lookalike), async (response) => {
        expect(await verdict(verify, response)).not.toBe(true);
      }),
    );
  });

  it('a signed registration is accepted, and refused with any byte changed', async () => {
    const { respond, expected } = aRegistration({ algorithms: [algorithm] });
    const response = respond({ format: 'packed' });
    const verify: Verify = (presented) => verifyRegistration(presented, expected);
    expect(await verdict(verify, response)).toBe(true);
    await fc.assert(
      fc.asyncProperty(mutation, async (change) => {
        const mutated = mutate(response as unknown as Json, REGISTRATION_MEMBERS, change);
        expect(await verdict(verify, mutated)).not.toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('an authentication is accepted, and refused with any byte changed', async () => {
    const { respond, expected } = await anAuthentication({ algorithms: [algorithm] });
    const response = respond();
    const verify: Verify = (presented) => verifyAuthentication(presented, expected);
    expect(await verdict(verify, response)).toBe(true);
    await fc.assert(
      fc.asyncProperty(mutation, async (change) => {
        const mutated = mutate(response as unknown as Json, AUTHENTICATION_MEMBERS, change);
        expect(await verdict(verify, mutated)).not.toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('an unsigned registration with changed bytes causes success or a refusal, and no other error', async () => {
    const { respond, expected } = aRegistration({ algorithms: [algorithm] });
    const response = respond({ extensions: new Map([['credProtect', 2]]) });
    const verify: Verify = (presented) => verifyRegistration(presented, expected);
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (changes) => {
        let mutated = response as unknown as Json;
        for (const change of changes) {
          if (typeof (mutated.response as Json).attestationObject !== 'string') break;
          mutated = mutate(mutated, ['attestationObject'], change);
        }
        await expect(verdict(verify, mutated)).resolves.toBeDefined();
      }),
      { numRuns: 500 },
    );
  });
});

describe('hostile attestation statements', () => {
  const root = new TestAuthority('Root');
  const authority = root.authority('Authority');
  const model = { attestationRoots: [root.x509], sharesRoots: true, isCompromised: false };
  const models: AuthenticatorModels = { ofAaguid: () => model, ofAttestationKey: () => model };

  it.each([
    ['packed', packed(authority), []],
    ['tpm', tpm(authority), []],
    ['fido-u2f', fidoU2f(root), []],
    ['android-key', androidKey(authority), [root]],
    ['apple', apple(authority), [root]],
  ] as const)(
    'of %s cause success or a refusal with any bytes changed, and no other error',
    (format, made, roots) =>
      withRoots(format, roots, async () => {
        const { respond, expected } = aRegistration({}, { algorithms: [-7] });
        const response = respond(made);
        const verify: Verify = (presented) => verifyRegistration(presented, { ...expected, models });
        expect(await verdict(verify, response)).toBe(true);
        await fc.assert(
          fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 2 }), async (changes) => {
            let mutated = response as unknown as Json;
            for (const change of changes) {
              if (typeof (mutated.response as Json).attestationObject !== 'string') break;
              mutated = mutate(mutated, ['attestationObject'], change);
            }
            await expect(verdict(verify, mutated)).resolves.toBeDefined();
          }),
          { numRuns: 1000 },
        );
      }),
  );
});

describe('an error that is not a refusal', () => {
  it('is not turned into a refusal of a registration', async () => {
    const { respond, expected } = aRegistration();
    for (const member of ['relyingParty', 'algorithms'] as const) {
      const mistaken = { ...expected, [member]: undefined };
      await expect(verifyRegistration(respond(), mistaken)).rejects.toBeInstanceOf(TypeError);
    }
  });

  it('is not turned into a refusal of an attestation', async () => {
    const identifier = 'apple';
    const own = SettingsService.getRootCertificates({ identifier });
    const root = new TestAuthority('Root');
    SettingsService.setRootCertificates({
      identifier,
      certificates: [root.x509.toString().replace('MII', 'AAA')],
    });
    try {
      const { respond, expected } = aRegistration({}, { algorithms: [-7] });
      const attempt = verifyRegistration(respond(apple(root)), expected);
      await expect(attempt).rejects.not.toBeInstanceOf(CeremonyRefusal);
    } finally {
      SettingsService.setRootCertificates({ identifier, certificates: own });
    }
  });

  it('is not turned into a refusal of an authentication', async () => {
    const { respond, expected } = await anAuthentication();
    for (const member of ['relyingParty', 'credential'] as const) {
      const mistaken = { ...expected, [member]: undefined };
      await expect(verifyAuthentication(respond(), mistaken)).rejects.toBeInstanceOf(TypeError);
    }
  });
});

describe('hostile credential IDs', () => {
  it('in arbitrary JSON are read as bytes or refused, and cause no other error', () => {
    fc.assert(
      fc.property(fc.oneof(anything, lookalike), (response) => {
        try {
          expect(presentedCredentialId(response).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(CeremonyRefusal);
        }
      }),
    );
  });
});
