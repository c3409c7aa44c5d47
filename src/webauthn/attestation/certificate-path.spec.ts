import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import {
  commonName,
  der,
  distinguishedName,
  dsaKey,
  extension,
  newKey,
  odd,
  rsaKey,
  TestAuthority,
} from '../../../test/support/x509.js';
import { leadsToAnchor } from './certificate-path.js';
import { hasStrongSignature, readCertificates } from '../certificates.js';

const DAY = 86_400_000;
const YESTERDAY = new Date(Date.now() - DAY);
const TOMORROW = new Date(Date.now() + DAY);

const root = new TestAuthority('Root');
const intermediate = root.authority('Intermediate');
const read = (chain: readonly Buffer[]) => readCertificates(chain);
const leads = (chain: readonly Buffer[], ...anchors: TestAuthority[]) =>
  leadsToAnchor(
    read(chain),
    anchors.map(({ x509 }) => x509),
  );

describe('a chain of certificates', () => {
  const [leaf, middle] = intermediate.chainFor(newKey()) as [Buffer, Buffer];

  it.each<[string, Buffer[]]>([
    ['without its root', [leaf, middle]],
    ['with its root', [leaf, middle, root.certificate]],
    ['with something after its root', [leaf, middle, root.certificate, leaf]],
  ])('leads to the anchor %s', (_, chain) => expect(leads(chain, root)).toBe(true));

  it('leads to any of several anchors', () =>
    expect(leads([leaf, middle], new TestAuthority('Other'), root)).toBe(true));

  it('leads to an intermediate authority, or to the leaf itself, if that is the anchor', () => {
    expect(leads([leaf], intermediate)).toBe(true);
    expect(leadsToAnchor(read([leaf]), [new X509Certificate(leaf)])).toBe(true);
  });

  it('leads to another certificate of the authority if the one in the chain has expired', () => {
    const expired = root.again({ notAfter: YESTERDAY, notBefore: new Date(0) });
    expect(leads([leaf, middle, expired.certificate], root)).toBe(true);
    expect(leads([leaf, middle, expired.certificate], expired)).toBe(false);
  });

  it.each<[string, Buffer[]]>([
    ['is empty', []],
    ['lacks a link', [leaf]],
    ['is out of order', [leaf, root.certificate, middle]],
    [
      'contains an unrelated certificate',
      [leaf, new TestAuthority('Intermediate').certificate, root.certificate],
    ],
    ['has its link twice', [leaf, leaf, middle]],
  ])('leads to no anchor when it %s', (_, chain) => expect(leads(chain, root)).toBe(false));

  it('does not lead to another root of the same name', () => {
    expect(leads([leaf, middle], new TestAuthority('Root'))).toBe(false);
    expect(leads([leaf, middle])).toBe(false);
  });

  it('cannot be extended by a certified key that is not an authority', () => {
    const key = newKey();
    const [certified] = root.chainFor(key, { subject: commonName('Device') }) as [Buffer];
    const forger = new TestAuthority('Device', {}, key);
    const [forged] = forger.chainFor(newKey()) as [Buffer];
    expect(leads([certified], root)).toBe(true);
    expect(leads([forged, certified], root)).toBe(false);
    expect(leads([forged, forger.certificate, certified], root)).toBe(false);
  });

  it('cannot be longer than the path length of its authorities', () => {
    const narrow = new TestAuthority('Narrow', { pathLength: 0 });
    expect(leads(narrow.chainFor(newKey()), narrow)).toBe(true);
    expect(leads(narrow.authority('Below').chainFor(newKey()), narrow)).toBe(false);
    const wider = new TestAuthority('Wider', { pathLength: 1 });
    const below = wider.authority('Below');
    expect(leads(below.chainFor(newKey()), wider)).toBe(true);
    expect(leads(below.authority('Further below').chainFor(newKey(), {}, { withRoot: true }), wider)).toBe(
      false,
    );
  });

  it('is refused with more than eight certificates', () => {
    let last = root;
    for (let level = 0; level < 7; level++) last = last.authority(`Level ${level}`);
    expect(leads(last.chainFor(newKey()), root)).toBe(true);
    expect(leads(last.authority('Level 7').chainFor(newKey()), root)).toBe(false);
  });

  it.each([
    ['past', { notBefore: new Date(0), notAfter: YESTERDAY }],
    ['in the future', { notBefore: TOMORROW, notAfter: new Date(Date.now() + 2 * DAY) }],
  ])('leads to no anchor while the validity of one certificate is %s', (_, validity) => {
    expect(leads(intermediate.chainFor(newKey(), validity), root)).toBe(false);
    expect(leads(root.authority('Short', validity).chainFor(newKey()), root)).toBe(false);
    expect(leads([leaf, middle], root.again(validity))).toBe(false);
  });
});

describe('the signatures of a chain', () => {
  /** Certificates that note the owners of the keys that they are verified with. */
  function watch(chain: readonly Buffer[], authorities: readonly TestAuthority[]) {
    const used: string[] = [];
    class Watched extends X509Certificate {
      override verify(key: KeyObject): boolean {
        used.push(authorities.find(({ x509 }) => x509.publicKey.equals(key))?.name ?? 'a stranger');
        return super.verify(key);
      }
    }
    return { chain: chain.map((bytes) => new Watched(bytes)), used };
  }
  const lowest = intermediate.authority('Lowest');
  const known = [root, intermediate, lowest];

  it('are verified from the anchor downwards', () => {
    const { chain, used } = watch(lowest.chainFor(newKey(), {}, { withRoot: true }), known);
    expect(leadsToAnchor(chain, [root.x509])).toBe(true);
    expect(used).toEqual(['Root', 'Intermediate', 'Lowest']);
  });

  it('are not verified if no anchor certifies any certificate', () => {
    const stranger = new TestAuthority('Stranger').authority('Stranger below');
    const { chain, used } = watch(stranger.chainFor(newKey(), {}, { withRoot: true }), []);
    expect(leadsToAnchor(chain, [root.x509])).toBe(false);
    expect(used).toEqual([]);
  });

  it('are verified with the key of the anchor alone if a chain imitates the name of the anchor', () => {
    const namesake = new TestAuthority('Root').authority('Below').authority('Further below');
    const { chain, used } = watch(namesake.chainFor(newKey(), {}, { withRoot: true }), known);
    expect(leadsToAnchor(chain, [root.x509])).toBe(false);
    expect(new Set(used)).toEqual(new Set(['Root']));
  });

  it('are not verified below a wrong signature', () => {
    const impostor = new TestAuthority('Intermediate').authority('Lowest').chainFor(newKey());
    const { chain, used } = watch([...impostor.slice(0, 2), intermediate.certificate], known);
    expect(leadsToAnchor(chain, [root.x509])).toBe(false);
    expect(used).toEqual(['Root', 'Intermediate']);
  });
});

describe('the algorithm of a signature', () => {
  it.each([
    ['the leaf', () => intermediate.chainFor(newKey(), { hash: 'sha1' })],
    ['an authority', () => root.authority('Old', { hash: 'sha1' }).chainFor(newKey())],
  ] as const)('leads to no anchor when that of %s is SHA-1', (_, make) => {
    expect(leads(make(), root)).toBe(false);
  });

  it('does not matter in the anchor, which is trusted for itself', () => {
    const old = new TestAuthority('Old root', { hash: 'sha1' });
    expect(leads(old.chainFor(newKey(), {}, { withRoot: true }), old)).toBe(true);
  });

  const certificateWith = (algorithm: string) => ({
    raw: der('30', der('30'), der('30', Buffer.from(algorithm, 'hex')), der('03')),
  });
  const RSA = '06092a864886f70d0101';
  const pss = (hash: string) =>
    `${RSA}0a3034a00f300d0609${hash}0500a11c301a06092a864886f70d010108300d0609${hash}0500`;

  it.each([
    ['RSA with SHA-256', `${RSA}0b0500`, true],
    ['RSA with SHA-384', `${RSA}0c0500`, true],
    ['RSA with SHA-512', `${RSA}0d0500`, true],
    ['RSA-PSS with SHA-256', pss('608648016503040201'), true],
    ['RSA-PSS with SHA-512', pss('608648016503040203'), true],
    ['ECDSA with SHA-384', '06082a8648ce3d040303', true],
    ['Ed25519', '06032b6570', true],
    ['RSA with MD5', `${RSA}040500`, false],
    ['RSA with SHA-1', `${RSA}050500`, false],
    ['RSA-PSS with SHA-1, which is what it means without parameters', `${RSA}0a3000`, false],
    ['RSA-PSS with SHA-224', pss('608648016503040204'), false],
    ['ECDSA with SHA-1', '06072a8648ce3d0401', false],
    ['DSA with SHA-256', '0609608648016503040302', false],
  ])('is told strong or not: %s', (_, algorithm, isStrong) => {
    expect(hasStrongSignature(certificateWith(algorithm))).toBe(isStrong);
  });
});

describe('the name constraints of an authority', () => {
  type Subtrees = 'permitted' | 'excluded';
  const directory = (text: string) => der('a4', distinguishedName(commonName(text)));
  const dns = (text: string) => der('82', Buffer.from(text));
  const constrained = (kind: Subtrees, ...bases: Buffer[]) => {
    const subtrees = der(kind === 'permitted' ? 'a0' : 'a1', ...bases.map((base) => der('30', base)));
    return { extensions: [extension('551d1e', der('30', subtrees), true)] };
  };
  const leafOf = (authority: TestAuthority, subject: string, ...names: Buffer[]) =>
    authority.chainFor(newKey(), {
      subject: commonName(subject),
      extensions: names.length > 0 ? [extension('551d11', der('30', ...names))] : [],
    });

  it.each<[string, Subtrees, Buffer, string, Buffer[], boolean]>([
    ['a permitted subject', 'permitted', directory('Ours'), 'Ours', [], true],
    ['a permitted subject in other letters', 'permitted', directory('OURS '), 'ours', [], true],
    ['a subject that is not permitted', 'permitted', directory('Ours'), 'Theirs', [], false],
    ['an excluded subject', 'excluded', directory('Ours'), 'ours', [], false],
    ['a subject that is not excluded', 'excluded', directory('Ours'), 'Theirs', [], true],
    ['a second name that is not permitted', 'permitted', directory('Ours'), 'Ours', [directory('X')], false],
    ['a permitted host', 'permitted', dns('example.com'), 'Any', [dns('a.Example.com')], true],
    ['the permitted domain itself', 'permitted', dns('.example.com'), 'Any', [dns('example.com')], true],
    ['a host that only ends alike', 'permitted', dns('example.com'), 'Any', [dns('badexample.com')], false],
    ['an excluded host', 'excluded', dns('example.com'), 'Any', [dns('a.example.com')], false],
    ['any host where all are excluded', 'excluded', dns(''), 'Any', [dns('a.example.com')], false],
    ['a name of a kind that is not constrained', 'permitted', dns('example.com'), 'Any', [], true],
    [
      'a kind that is not compared',
      'permitted',
      der('81', Buffer.from('a@b.c')),
      'Any',
      [der('81', Buffer.from('a@b.c'))],
      false,
    ],
  ])('hold for the leaf: %s', (_, kind, base, subject, names, isPermitted) => {
    const authority = root.authority('Constrained', constrained(kind, base));
    expect(leads(leafOf(authority, subject, ...names), root)).toBe(isPermitted);
    const anchor = new TestAuthority('Constrained root', constrained(kind, base));
    expect(leads(leafOf(anchor, subject, ...names), anchor)).toBe(isPermitted);
  });

  it('hold for all certificates below it', () => {
    const authority = root.authority('Constrained', constrained('excluded', directory('Forbidden')));
    const between = authority.authority('Forbidden');
    expect(leads(leafOf(between, 'Any'), root)).toBe(false);
    expect(leads(leafOf(authority.authority('Between'), 'Forbidden'), root)).toBe(false);
    expect(leads(leafOf(authority.authority('Between'), 'Any'), root)).toBe(true);
  });

  it('permit nothing if they cannot be read', () => {
    const extensions = [extension('551d1e', Buffer.from([0x30, 0x05]), true)];
    expect(leads(root.authority('Odd', { extensions }).chainFor(newKey()), root)).toBe(false);
  });
});

describe('a critical extension in a chain', () => {
  const PRIVATE = '2b060104018f5a01';
  const KEY_USAGE = '551d0f';
  const POLICIES = '551d20';
  const unknown = (isCritical: boolean) => ({
    extensions: [extension(PRIVATE, der('05'), isCritical)],
  });

  it.each([
    ['the leaf', (isCritical: boolean) => intermediate.chainFor(newKey(), unknown(isCritical))],
    ['an authority', (isCritical: boolean) => root.authority('Odd', unknown(isCritical)).chainFor(newKey())],
  ])('makes the chain lead to no anchor when it is unknown and in %s', (_, make) => {
    expect(leads(make(false), root)).toBe(true);
    expect(leads(make(true), root)).toBe(false);
  });

  it('is ignored in the anchor', () => {
    const odd = new TestAuthority('Odd root', unknown(true));
    const [leaf] = odd.chainFor(newKey()) as [Buffer];
    expect(leads([leaf, odd.certificate], odd)).toBe(true);
  });

  it('is accepted if RFC 5280 defines it, as in the TPM certificates of Windows', () => {
    const digitalSignature = extension(KEY_USAGE, der('03', Buffer.from([7, 0x80])), true);
    const policy = der('30', der('30', der('06', Buffer.from('2b0601040182371515', 'hex'))));
    const extensions = [digitalSignature, extension(POLICIES, policy, true)];
    expect(leads(intermediate.chainFor(newKey(), { extensions }), root)).toBe(true);
  });
});

describe('the key of a certificate', () => {
  const pair = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey;
  const reading = (key: KeyObject) => () => readCertificates(root.chainFor(key));

  it.each<[string, () => KeyObject]>([
    ['EC on P-256', () => pair('P-256')],
    ['EC on P-384', () => pair('P-384')],
    ['EC on P-521', () => pair('P-521')],
    ['Ed25519', () => generateKeyPairSync('ed25519').publicKey],
    ['RSA of 2048 bits', () => rsaKey(2048)],
    ['RSA of 4096 bits', () => rsaKey(4096)],
    ['RSA with an exponent of 32 bits', () => rsaKey(2048, odd(32))],
  ])('is accepted when it is %s', (_, key) => expect(reading(key())).not.toThrow());

  const OTHER_KIND = /neither RSA nor Ed25519 nor EC on P-256, P-384 or P-521/;
  const explicit = { namedCurve: 'P-256', paramEncoding: 'explicit' } as const;
  it.each<[string, () => KeyObject, RegExp]>([
    ['DSA of 10,000 bits', () => dsaKey(10_000), OTHER_KIND],
    ['DSA of 2048 bits', () => dsaKey(2048), OTHER_KIND],
    ['EC on secp256k1', () => pair('secp256k1'), OTHER_KIND],
    ['EC on a curve that it brings', () => generateKeyPairSync('ec', explicit).publicKey, OTHER_KIND],
    ['Ed448', () => generateKeyPairSync('ed448').publicKey, OTHER_KIND],
    ['RSA for PSS', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, OTHER_KIND],
    [
      'RSA with an exponent as long as its modulus',
      () => rsaKey(3072, odd(3072)),
      /RSA key of 3072 .+ 3072:/,
    ],
    ['RSA with an exponent of 33 bits', () => rsaKey(2048, odd(33)), /RSA key of 2048 .+ of 33:/],
    ['RSA of 4097 bits', () => rsaKey(4097), /RSA key of 4097 bits/],
    ['RSA of 2047 bits', () => rsaKey(2047), /RSA key of 2047 bits/],
  ])('is refused when it is %s', (_, key, reason) => expect(reading(key())).toThrow(reason));

  it('is refused when it is RSA in a bit string of several parts, which OpenSSL would join', () => {
    const certificate = Buffer.from(root.chainFor(rsaKey(2048))[0]!);
    certificate[certificate.indexOf(Buffer.from('0382010f00', 'hex'))] = 0x23;
    expect(() => readCertificates([certificate])).toThrow(OTHER_KIND);
  });

  it('is refused in an authority as well', () => {
    const [authority] = root.chainFor(dsaKey(2048)) as [Buffer];
    expect(() => readCertificates([root.certificate, authority])).toThrow(OTHER_KIND);
  });
});

describe('a certificate', () => {
  const { certificate } = root;

  it.each<[string, Uint8Array]>([
    ['empty', new Uint8Array()],
    ['cut short', certificate.subarray(0, -1)],
    ['followed by something', Buffer.concat([certificate, Buffer.from([0])])],
    ['with a length in more bytes than it needs', Buffer.from([0x30, 0x83, 0, ...certificate.subarray(2)])],
    ['in PEM', Buffer.from(new X509Certificate(certificate).toString())],
  ])('is refused when it is %s', (_, bytes) => expect(() => readCertificates([bytes])).toThrow());

  it('is refused when it is longer than 4096 bytes, even if it has few elements', () => {
    const of = (bytes: number) =>
      root.chainFor(newKey(), { extensions: [extension('2b0601', Buffer.alloc(bytes))] });
    expect(() => readCertificates(of(3500))).not.toThrow();
    expect(() => readCertificates(of(4096))).toThrow(/longer than 4096 bytes/);
  });
});
