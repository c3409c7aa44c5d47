import { X509Certificate } from 'node:crypto';
import {
  aaguidExtension,
  androidKey,
  apple,
  fidoU2f,
  packed,
  tpm,
} from '../../../test/support/attestation-statements.js';
import { aRegistration } from '../../../test/support/ceremonies.js';
import type { CreateOverrides } from '../../../test/support/ceremony-overrides.js';
import { withRoots } from '../../../test/support/known-roots.js';
import { newKey, TestAuthority } from '../../../test/support/x509.js';
import type { AuthenticatorModel, AuthenticatorModels } from './attestation-trust.js';
import { isInForce, keyIdentifierOf, knownRoots } from '../certificates.js';
import { verifyRegistration } from '../verify-registration.js';

const MODEL = 'aaaaaaaa-0000-4000-8000-000000000001';
const ZERO = '00000000-0000-0000-0000-000000000000';
const root = new TestAuthority('Vendor root');
const authority = root.authority('Vendor authority');
const stranger = new TestAuthority('Stranger root');

const aModel = (...roots: TestAuthority[]): AuthenticatorModel => ({
  attestationRoots: roots.map(({ x509 }) => x509),
  sharesRoots: false,
  isCompromised: false,
});
const models = (byAaguid: Record<string, AuthenticatorModel>, byKey = {}): AuthenticatorModels => ({
  ofAaguid: (aaguid) => byAaguid[aaguid] ?? null,
  ofAttestationKey: (identifier) => (byKey as typeof byAaguid)[identifier] ?? null,
});

/** How much the attestation of a registration that is accepted is trusted. */
async function trustIn(
  overrides: Partial<CreateOverrides>,
  known: AuthenticatorModels | null,
  aaguid = MODEL,
) {
  const { respond, expected } = aRegistration({ aaguid }, { algorithms: [-7] });
  return (await verifyRegistration(respond(overrides), { ...expected, models: known })).attestationTrust;
}

describe('WebAuthn Level 3 §7.1 steps 23 and 24: the trust in an attestation', () => {
  const known = models({ [MODEL]: aModel(stranger, root) });

  it('is none for the format none, even if the AAGUID names a known model', async () => {
    expect(await trustIn({}, known)).toBe('none');
  });

  it('is untrusted for a self attestation', async () => {
    expect(await trustIn({ format: 'packed' }, known)).toBe('untrusted');
  });

  it.each([
    ['packed', packed],
    ['tpm', tpm],
    ['android-key', androidKey],
    ['apple', apple],
  ] as const)(
    'of format %s is trusted with a root of its model, and untrusted without metadata',
    (format, make) =>
      withRoots(format, format === 'packed' || format === 'tpm' ? [] : [root], async () => {
        expect(await trustIn(make(authority), known)).toBe('trusted');
        expect(await trustIn(make(authority), null)).toBe('untrusted');
        expect(await trustIn(make(authority), models({ [MODEL]: aModel(stranger) }))).toBe('untrusted');
      }),
  );

  it('is trusted if the metadata lists an intermediate authority or the attestation certificate itself', async () => {
    expect(await trustIn(packed(authority), models({ [MODEL]: aModel(authority) }))).toBe('trusted');
    let own: AuthenticatorModel | undefined;
    const { format, mutateStatement } = packed(authority, {
      change: (statement) => {
        const [leaf] = statement.get('x5c') as Uint8Array[];
        own = { attestationRoots: [new X509Certificate(leaf!)], sharesRoots: false, isCompromised: false };
        statement.set('x5c', [leaf]);
      },
    });
    const lateModels: AuthenticatorModels = { ofAaguid: () => own!, ofAttestationKey: () => null };
    expect(await trustIn({ format, mutateStatement }, lateModels)).toBe('trusted');
  });

  it('is untrusted if the metadata lacks the model or its roots', async () => {
    expect(await trustIn(packed(authority), models({}))).toBe('untrusted');
    expect(await trustIn(packed(authority), models({ [MODEL]: aModel() }))).toBe('untrusted');
  });

  it('is untrusted if the model is compromised', async () => {
    const compromised = { ...aModel(root), isCompromised: true };
    expect(await trustIn(packed(authority), models({ [MODEL]: compromised }))).toBe('untrusted');
  });

  it.each([
    ['packed', packed],
    ['tpm', tpm],
    ['android-key', androidKey],
    ['apple', apple],
  ] as const)(
    'of format %s is untrusted if models share the root and the certificate does not name the model',
    (format, make) =>
      withRoots(format, format === 'packed' || format === 'tpm' ? [] : [root], async () => {
        const model = aModel(root);
        expect(await trustIn(make(authority), models({ [MODEL]: model }))).toBe('trusted');
        expect(await trustIn(make(authority), models({ [MODEL]: { ...model, sharesRoots: true } }))).toBe(
          'untrusted',
        );
      }),
  );

  it('is trusted if models share the root and the certificate names the model', async () => {
    const shared = models({ [MODEL]: { ...aModel(root), sharesRoots: true } });
    const certificate = { extensions: [aaguidExtension(MODEL)] };
    expect(await trustIn(packed(authority, { certificate }), shared)).toBe('trusted');
  });

  it('passes an error of the metadata on unchanged', async () => {
    const mistake = new TypeError('Cannot read properties of undefined');
    const broken: AuthenticatorModels = {
      ofAaguid: () => {
        throw mistake;
      },
      ofAttestationKey: () => null,
    };
    await expect(trustIn(packed(authority), broken)).rejects.toBe(mistake);
  });

  it('is untrusted without an AAGUID, even if the metadata lists the zero AAGUID', async () => {
    expect(await trustIn(packed(authority), models({ [ZERO]: aModel(root) }), ZERO)).toBe('untrusted');
  });

  it('is untrusted if the chain does not reach the root', async () => {
    const traits = { change: (statement: Map<string, unknown>) => (statement.get('x5c') as unknown[]).pop() };
    expect(await trustIn(packed(authority, traits), known)).toBe('untrusted');
  });

  it('is not determined if the certificate names another AAGUID: the attestation is refused', async () => {
    const certificate = { extensions: [aaguidExtension('bbbbbbbb-0000-4000-8000-000000000001')] };
    await expect(trustIn(packed(authority, { certificate }), known)).rejects.toMatchObject({
      reason: 'attestation_invalid',
    });
  });

  it('of format android-key is trusted by any of Google’s roots if the metadata lists one of them', async () => {
    const [old, next] = [new TestAuthority('Google of old'), new TestAuthority('Google')];
    const phones = androidKey(next.authority('Phones'));
    await withRoots('android-key', [old, next], async () => {
      expect(await trustIn(phones, models({ [MODEL]: aModel(old) }))).toBe('trusted');
      expect(await trustIn(phones, models({ [MODEL]: aModel(root) }))).toBe('untrusted');
      expect(await trustIn(packed(next), models({ [MODEL]: aModel(old) }))).toBe('untrusted');
    });
    await withRoots('android-key', [old], async () => {
      expect(await trustIn(phones, models({ [MODEL]: aModel(old) }))).toBe('untrusted');
    });
  });

  it('is untrusted if a key without authority issued the certificate', async () => {
    const key = newKey();
    const forger = new TestAuthority('Somebody', {}, key, root);
    const [certified] = root.chainFor(key) as [Buffer];
    const traits = {
      change: (it: Map<string, unknown>) =>
        (it.get('x5c') as Uint8Array[]).splice(1, 1, new Uint8Array(certified)),
    };
    await withRoots('android-key', [root], async () => {
      expect(await trustIn(androidKey(forger), known)).toBe('trusted');
      expect(await trustIn(androidKey(forger, traits), known)).toBe('untrusted');
    });
  });

  it('of format fido-u2f is trusted if the metadata lists the attestation key of the model', async () => {
    const key = newKey();
    const [leaf] = root.chainFor(key) as [Buffer];
    const identifier = keyIdentifierOf(new X509Certificate(leaf));
    const listed = models({}, { [identifier]: aModel(root) });
    expect(await trustIn(fidoU2f(root, { key }), listed, ZERO)).toBe('trusted');
    expect(await trustIn(fidoU2f(root), listed, ZERO)).toBe('untrusted');
    expect(await trustIn(fidoU2f(stranger, { key }), listed, ZERO)).toBe('untrusted');
    expect(await trustIn(fidoU2f(root, { key }), models({ [ZERO]: aModel(root) }), ZERO)).toBe('untrusted');
  });
});

describe('the known roots for Android', () => {
  it('include Google’s of 2025 on P-384, by its published fingerprint', () => {
    const [root] = knownRoots('android-key').filter(({ publicKey }) => publicKey.asymmetricKeyType === 'ec');
    expect(root!.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(
      '6d9db4ce6c5c0b293166d08986e05774a8776ceb525d9e4329520de12ba4bcc0',
    );
    expect(root!.subject.split('\n')).toEqual(
      expect.arrayContaining(['CN=Key Attestation CA1', 'O=Google LLC']),
    );
    expect(root!.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'secp384r1' });
    expect(root!.verify(root!.publicKey)).toBe(true);
    expect([root!.ca, isInForce(root!, Date.parse('2035-07-15'))]).toEqual([true, true]);
  });
});

describe('the identifier of an attestation key', () => {
  it('equals the subjectKeyIdentifier in the FIDO Alliance’s root', () => {
    const identifiers = knownRoots('mds').map(keyIdentifierOf);
    expect(identifiers).toContain('8ff04b7fa82e4524ae4d50fa639a8bdee2dd1bbc');
  });
});
