import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { attestationSubject } from '../../../test/support/attestation-certificate.js';
import {
  AIK,
  aaguidExtension,
  ANDROID,
  androidKey,
  type AndroidKeyTraits,
  apple,
  fidoU2f,
  packed,
  type StatementTraits,
  tpm,
} from '../../../test/support/attestation-statements.js';
import { type FakeServer, fakeServer } from '../../../test/support/fake-server.js';
import { aRegistration } from '../../../test/support/ceremonies.js';
import type { CreateOverrides } from '../../../test/support/ceremony-overrides.js';
import { withRoots } from '../../../test/support/known-roots.js';
import { der, dsaKey, type NameAttribute, newKey, TestAuthority } from '../../../test/support/x509.js';
import type { AuthenticatorModels } from './attestation-trust.js';
import type { CeremonyRefusal } from '../ceremony-refusal.js';
import { verifyRegistration } from '../verify-registration.js';

const MODEL = 'aaaaaaaa-0000-4000-8000-000000000001';
const ZERO = '00000000-0000-0000-0000-000000000000';
const root = new TestAuthority('Keyway test root');
const authority = root.authority('Keyway test authority');

type Overrides = Partial<CreateOverrides>;
type Models = AuthenticatorModels | null;

const register = (
  overrides: Overrides,
  { aaguid = ZERO, algorithms = [-7], models = null as Models, judgesAttestation = true } = {},
) => {
  const { respond, expected } = aRegistration({ aaguid }, { algorithms });
  return verifyRegistration(respond(overrides), { ...expected, models, judgesAttestation });
};

const accepts = async (overrides: Overrides, more?: Parameters<typeof register>[1]) =>
  expect(await register(overrides, more)).toMatchObject({
    attestationFormat: overrides.format,
    attestationTrust: 'untrusted',
  });

const refuses = (overrides: Overrides, more?: Parameters<typeof register>[1]) =>
  expect(register(overrides, more)).rejects.toMatchObject({
    name: 'CeremonyRefusal',
    reason: 'attestation_invalid',
    step: '7.1-22',
  });

const without = (member: string): StatementTraits => ({ change: (it) => it.delete(member) });
const bytesOf = (certificate: Buffer) => new Uint8Array(certificate);
const shorten = (statement: Map<string, unknown>, member: string) =>
  statement.set(member, (statement.get(member) as Uint8Array).slice(0, -40));
const AIK_EXTENSIONS = [AIK.names(AIK.tpm()), AIK.usages(AIK.usage)];
const replaced = (member: string, value: unknown): StatementTraits => ({
  change: (it) => it.set(member, value),
});

describe('WebAuthn Level 3 §8.2 packed attestation by an attestation key', () => {
  it('accepts a valid statement', () => accepts(packed(authority)));
  it.each([
    ['before another', ['Authenticator Attestation', 'Series 5']],
    ['after another', ['Series 5', 'Authenticator Attestation']],
  ])('accepts a certificate with the unit %s', (_, units) => {
    const [country, organization, , name] = attestationSubject();
    const unitNames = units.map((unit): NameAttribute => ['55040b', unit]);
    const subject = [country!, organization!, ...unitNames, name!];
    return accepts(packed(authority, { certificate: { subject } }));
  });
  it('accepts a certificate that names the AAGUID', () =>
    accepts(packed(authority, { certificate: { extensions: [aaguidExtension(MODEL)] } }), { aaguid: MODEL }));

  it.each<[string, StatementTraits]>([
    ['for another ceremony', { clientDataHash: randomBytes(32) }],
    ['without a signature', without('sig')],
    ['without an algorithm', without('alg')],
    ['for another AAGUID', { certificate: { extensions: [aaguidExtension(MODEL)] } }],
    ['by an authority', { certificate: { isAuthority: true, subject: attestationSubject() } }],
    ['of another unit', { certificate: { subject: attestationSubject('Web') } }],
    ['without a country', { certificate: { subject: attestationSubject().slice(1) } }],
    ['without a common name', { certificate: { subject: attestationSubject().slice(0, 3) } }],
    ['of another algorithm', replaced('alg', -257)],
    ['of an unknown algorithm', replaced('alg', -48)],
    ['of the algorithm by its name', replaced('alg', 'ES256')],
    ['with a wrong signature', replaced('sig', new Uint8Array(randomBytes(70)))],
    ['with a text for a signature', replaced('sig', 'signature')],
    ['that has expired', { certificate: { notBefore: new Date(0), notAfter: new Date(1) } }],
  ])('refuses a statement %s', (_, traits) => refuses(packed(authority, traits)));
});

describe('WebAuthn Level 3 §8.3 TPM attestation', () => {
  it.each([-7, -257])('accepts a valid statement of algorithm %i', (algorithm) =>
    accepts(tpm(authority), { algorithms: [algorithm] }),
  );
  it.each<[string, Buffer[]]>([
    ['whose usage is not the first', [AIK.names(AIK.tpm()), AIK.usages(AIK.otherUsage, AIK.usage)]],
    [
      'with another name before that of the TPM',
      [AIK.names(AIK.otherName, AIK.tpm()), AIK.usages(AIK.usage)],
    ],
    ['with the name of the TPM in one group', [AIK.names(AIK.tpm(AIK.inOneGroup)), AIK.usages(AIK.usage)]],
  ])('accepts a certificate %s', (_, extensions) => accepts(tpm(authority, { certificate: { extensions } })));
  it('accepts coordinates without their leading zeros', async () => {
    const overrides = tpm(authority, { withoutZeros: true });
    for (;;) {
      const { respond, expected, authenticator } = aRegistration({}, { algorithms: [-7] });
      const response = respond(overrides);
      const [x] = authenticator.credentials[0]!.publicKey.get(-2) as Uint8Array;
      if (x !== 0) continue;
      await expect(verifyRegistration(response, expected)).resolves.toMatchObject({
        attestationFormat: 'tpm',
      });
      return;
    }
  });

  it.each<[string, StatementTraits]>([
    ['for another ceremony', { clientDataHash: randomBytes(32) }],
    ['of another version', replaced('ver', '1.2')],
    ['for another key', replaced('pubArea', new Uint8Array(100))],
    ['with another certInfo', { change: (it) => (it.get('certInfo') as Uint8Array).fill(1, 60, 62) }],
    ['with a wrong signature', replaced('sig', new Uint8Array(randomBytes(70)))],
    ['by a named authenticator', { certificate: { subject: attestationSubject() } }],
    ['that does not say which TPM', { certificate: { extensions: [AIK.usages(AIK.usage)] } }],
    ['without its usage', { certificate: { extensions: [AIK.names(AIK.tpm())] } }],
    ['of another usage', { certificate: { extensions: [AIK.names(AIK.tpm()), AIK.usages(AIK.otherUsage)] } }],
    ['for another AAGUID', { certificate: { extensions: [...AIK_EXTENSIONS, aaguidExtension(MODEL)] } }],
    ['of another algorithm', replaced('alg', -257)],
    ['with a public area that is cut short', { change: (it) => shorten(it, 'pubArea') }],
    ['with a certInfo that is cut short', { change: (it) => shorten(it, 'certInfo') }],
    ['with a text for a public area', replaced('pubArea', 'key')],
    ['that has expired', { certificate: { notBefore: new Date(0), notAfter: new Date(1) } }],
    ['without certificates', without('x5c')],
  ])('refuses a statement %s', (_, traits) => refuses(tpm(authority, traits)));
});

describe('WebAuthn Level 3 §8.4 Android key attestation', () => {
  const known = (work: () => Promise<unknown>, roots = [root]) => withRoots('android-key', roots, work);

  it.each([-7, -8, -257])('accepts a valid statement of algorithm %i', (algorithm) =>
    known(() => accepts(androidKey(authority), { algorithms: [algorithm] })),
  );
  it('accepts an expired root if another certificate of the same authority is known', () => {
    const expired = root.again({ notBefore: new Date(0), notAfter: new Date(1) });
    const traits: AndroidKeyTraits = {
      change: (it) => (it.get('x5c') as Uint8Array[]).splice(2, 1, new Uint8Array(expired.certificate)),
    };
    return known(() => accepts(androidKey(authority, traits)), [expired, root]);
  });
  it('accepts unknown authorizations, which later versions of Android add', () => {
    const unknown = der('bf8767', der('30', der('05'))); // [999]
    const traits = { hardware: [ANDROID.signs, unknown, ANDROID.generated], software: [unknown] };
    return known(() => accepts(androidKey(authority, traits)));
  });
  it('accepts a chain without its root', () =>
    known(() => accepts(androidKey(authority, { withRoot: false }))));

  it.each<[string, AndroidKeyTraits]>([
    ['for another challenge', { challenge: randomBytes(32) }],
    ['for other data', { clientDataHash: randomBytes(32) }],
    ['for another key', { key: newKey() }],
    ['of another algorithm', replaced('alg', -257)],
    ['without an algorithm', without('alg')],
    ['without a signature', without('sig')],
    ['with a wrong signature', replaced('sig', new Uint8Array(randomBytes(70)))],
    ['without certificates', without('x5c')],
    ['with an empty list of certificates', replaced('x5c', [])],
    ['without a key description', { certificate: { extensions: [] } }],
    ['of an imported key', { hardware: [ANDROID.signs, ANDROID.imported] }],
    ['of a key that does not sign', { hardware: [ANDROID.verifies, ANDROID.generated] }],
    ['of a key of unknown origin', { hardware: [ANDROID.signs] }],
    ['of a key of unknown purpose', { hardware: [ANDROID.generated] }],
    ['of a key in software', { hardware: [], software: [ANDROID.signs, ANDROID.generated] }],
    [
      'of a key for all applications',
      { hardware: [ANDROID.signs, ANDROID.generated, ANDROID.forAllApplications] },
    ],
    ['of a key that software has for all applications', { software: [ANDROID.forAllApplications] }],
    ['of a description that is cut short', { hardware: [Buffer.from('a1', 'hex')] }],
    ['that has expired', { certificate: { notBefore: new Date(0), notAfter: new Date(1) } }],
  ])('refuses a statement %s', (_, traits) => known(() => refuses(androidKey(authority, traits))));

  it('accepts an unknown root, which is a matter of trust', () => accepts(androidKey(authority)));
});

describe('WebAuthn Level 3 §8.6 FIDO U2F attestation', () => {
  it('accepts a valid statement', () => accepts(fidoU2f(root)));

  it.each<[string, StatementTraits]>([
    ['for another ceremony', { clientDataHash: randomBytes(32) }],
    ['with two certificates', { withRoot: true }],
    ['with a wrong signature', replaced('sig', new Uint8Array(randomBytes(70)))],
    ['without a signature', without('sig')],
    ['without certificates', without('x5c')],
  ])('refuses a statement %s', (_, traits) => refuses(fidoU2f(root, traits)));
  it('refuses a statement with an AAGUID', () => refuses(fidoU2f(root), { aaguid: MODEL }));
});

describe('WebAuthn Level 3 §8.8 Apple attestation', () => {
  const known = (work: () => Promise<unknown>) => withRoots('apple', [root], work);

  it('accepts a valid statement', () => known(() => accepts(apple(authority))));

  it.each<[string, StatementTraits]>([
    ['for another ceremony', { clientDataHash: randomBytes(32) }],
    ['for another key', { key: newKey() }],
    ['without its nonce', { certificate: { extensions: [] } }],
    ['without certificates', without('x5c')],
  ])('refuses a statement %s', (_, traits) => known(() => refuses(apple(authority, traits))));
  it('accepts a root that is not Apple’s if the app asked for no attestation', () =>
    accepts(apple(authority), { judgesAttestation: false }));
  it('refuses a root that is not Apple’s', () => refuses(apple(authority, { withRoot: true })));
  it('refuses a certificate that was issued by a key without authority', () => {
    const key = newKey();
    const [certified] = root.chainFor(key) as [Buffer];
    const traits: StatementTraits = {
      change: (it) => (it.get('x5c') as Uint8Array[]).splice(1, 1, new Uint8Array(certified)),
    };
    return known(() => refuses(apple(new TestAuthority('Somebody', {}, key, root), traits)));
  });
});

describe('certificates that prove the attestation, but are not as their format has them', () => {
  const model = { attestationRoots: [root.x509], sharesRoots: false, isCompromised: false };
  const models: AuthenticatorModels = { ofAaguid: () => model, ofAttestationKey: () => model };
  const expired = { notBefore: new Date(0), notAfter: new Date(1) };
  const unjudged = { judgesAttestation: false, models };

  it.each<[string, Overrides, string?]>([
    ['packed, expired', packed(authority, { certificate: expired })],
    ['packed, of another unit', packed(authority, { certificate: { subject: attestationSubject('Web') } })],
    ['packed, without a subject', packed(authority, { certificate: { subject: [] } })],
    ['packed, of an authority', packed(authority, { certificate: { isAuthority: true } })],
    ['tpm, expired', tpm(authority, { certificate: expired })],
    ['tpm, with a subject', tpm(authority, { certificate: { subject: attestationSubject() } })],
    [
      'tpm, without the name of the TPM',
      tpm(authority, { certificate: { extensions: [AIK.usages(AIK.usage)] } }),
    ],
    ['android-key, expired', androidKey(authority, { certificate: expired })],
    ['android-key, imported', androidKey(authority, { hardware: [ANDROID.signs, ANDROID.imported] })],
    ['android-key, of software', androidKey(authority, { hardware: [], software: [ANDROID.signs] })],
    ['apple, of another root', apple(authority)],
    ['fido-u2f, with an AAGUID', fidoU2f(root), MODEL],
  ])(
    'are refused if the app asked for an attestation, else accepted and never trusted: %s',
    async (_, overrides, aaguid = MODEL) => {
      await refuses(overrides, { aaguid, models });
      await accepts(overrides, { aaguid, ...unjudged });
    },
  );

  it.each<[string, Overrides]>([
    ['packed, with a wrong signature', packed(authority, replaced('sig', new Uint8Array(randomBytes(70))))],
    ['packed, for another ceremony', packed(authority, { clientDataHash: randomBytes(32) })],
    [
      'packed, for another AAGUID',
      packed(authority, { certificate: { extensions: [aaguidExtension(MODEL)] } }),
    ],
    ['packed, with a DSA key', packed(root, replaced('x5c', root.chainFor(dsaKey(2048)).map(bytesOf)))],
    ['tpm, for another key', tpm(authority, replaced('pubArea', new Uint8Array(100)))],
    [
      'tpm, of another usage',
      tpm(authority, { certificate: { extensions: [AIK.names(AIK.tpm()), AIK.usages(AIK.otherUsage)] } }),
    ],
    ['android-key, for another key', androidKey(authority, { key: newKey() })],
    ['android-key, for another challenge', androidKey(authority, { challenge: randomBytes(32) })],
    ['apple, for another ceremony', apple(authority, { clientDataHash: randomBytes(32) })],
    ['fido-u2f, for another ceremony', fidoU2f(root, { clientDataHash: randomBytes(32) })],
    ['fido-u2f, without certificates', fidoU2f(root, without('x5c'))],
  ])('do not excuse a statement that proves nothing: %s', (_, overrides) => refuses(overrides, unjudged));
});

describe('untrusted certificates of a statement', () => {
  const FORMATS = [
    ['packed', packed],
    ['tpm', tpm],
    ['android-key', androidKey],
    ['fido-u2f', fidoU2f],
    ['apple', apple],
  ] as const;
  const withOwnCurve = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
  const of = (key: KeyObject) => new Uint8Array(root.chainFor(key)[0]!);
  const COSTLY = { dsa: of(dsaKey(10_000)), withOwnCurve: of(withOwnCurve.publicKey) };
  const chained = (change: (chain: Uint8Array[]) => Uint8Array[]): StatementTraits => ({
    change: (it) => it.set('x5c', change(it.get('x5c') as Uint8Array[])),
  });
  const reasonOf = (overrides: Overrides, more?: Parameters<typeof register>[1]) =>
    register(overrides, more).then(
      () => 'accepted',
      (error: CeremonyRefusal) => `${error.reason}: ${(error.cause as Error).message}`,
    );

  describe.each(FORMATS)('of format %s', (_, make) => {
    it.each([
      ['a DSA key', COSTLY.dsa],
      ['a curve of its own', COSTLY.withOwnCurve],
    ])('are refused for %s before a signature is verified with it', async (_key, costly) => {
      const reason =
        /^attestation_invalid: A certificate has a key that is neither RSA nor Ed25519 nor EC on/;
      expect(
        await reasonOf(
          make(
            root,
            chained(([, ...above]) => [costly, ...above]),
          ),
        ),
      ).toMatch(reason);
      expect(
        await reasonOf(
          make(
            root,
            chained((chain) => [...chain, costly]),
          ),
        ),
      ).toMatch(reason);
    });
  });

  it.each(FORMATS)('of format %s are refused if one of them has an extension twice', async (_, make) => {
    const twice = [aaguidExtension(ZERO), aaguidExtension(ZERO)];
    const model = { attestationRoots: [root.x509], sharesRoots: true, isCompromised: false };
    const models: AuthenticatorModels = { ofAaguid: () => model, ofAttestationKey: () => model };
    const reason = 'attestation_invalid: A certificate has an extension twice.';
    expect(await reasonOf(make(root, { certificate: { extensions: twice } }), { models })).toBe(reason);
  });

  it('are refused if a key is not on its curve', async () => {
    const { certificate, x509 } = new TestAuthority('Off its curve');
    const point = x509.publicKey.export({ type: 'spki', format: 'der' }).subarray(-64);
    const off = new Uint8Array(certificate);
    off[certificate.indexOf(point)]! ^= 1;
    for (const [, make] of FORMATS) {
      const reason = 'attestation_invalid: A certificate cannot be read.';
      expect(
        await reasonOf(
          make(
            root,
            chained(() => [off]),
          ),
        ),
      ).toBe(reason);
    }
  });

  it('must be for a P-256 key in the format fido-u2f', async () => {
    const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    expect(await reasonOf(fidoU2f(root, { key }))).toBe(
      'attestation_invalid: There is not exactly one certificate, for a P-256 key.',
    );
  });

  it('are refused if there are more than eight', async () => {
    const chainOf = (length: number) =>
      chained(([leaf]) => [leaf!, ...Array.from({ length: length - 1 }, () => leaf!)]);
    await accepts(packed(root, chainOf(8)));
    expect(await reasonOf(packed(root, chainOf(9)))).toBe(
      'attestation_invalid: x5c has more than 8 certificates.',
    );
  });
});

describe('addresses in certificates', () => {
  let probe: FakeServer;
  beforeEach(async () => {
    probe = await fakeServer((_request, response) => response.writeHead(404).end());
  });
  afterEach(() => probe.close());

  const FORMATS = [
    ['packed', packed],
    ['tpm', tpm],
    ['android-key', androidKey],
    ['fido-u2f', fidoU2f],
    ['apple', apple],
  ] as const;
  /** A chain that names the address wherever it can. */
  const forged = (by: TestAuthority | null) => {
    const named = { revocationList: `${probe.url}/revoked.crl` };
    const top = by ?? new TestAuthority('Forged root', named);
    return { issuer: top.authority('Forged authority', named), named };
  };

  it.each(FORMATS)('are never requested for a forged statement of format %s', async (_, make) => {
    const fetched = jest.spyOn(globalThis, 'fetch');
    try {
      const { issuer, named } = forged(null);
      const { format, mutateStatement } = make(issuer, { certificate: named, withRoot: true });
      await register({ format, mutateStatement }).catch(() => undefined);
      expect(fetched).not.toHaveBeenCalled();
      expect(probe.connections).toBe(0);
      await fetch(`${probe.url}/revoked.crl`);
      expect(probe.connections).toBe(1);
    } finally {
      fetched.mockRestore();
    }
  });

  it.each(FORMATS)(
    'are never requested for a statement of format %s with a known root',
    async (format, make) => {
      await withRoots(format, [root], async () => {
        const { issuer, named } = forged(root);
        for (const overrides of [make(issuer), make(root, { certificate: named })]) {
          await register(overrides).catch(() => undefined);
        }
      });
      expect(probe.connections).toBe(0);
    },
  );

  it.each(FORMATS)('do not matter to a statement of format %s', (format, make) =>
    withRoots(format, [root], () => accepts(make(format === 'fido-u2f' ? root : forged(root).issuer))),
  );
});
