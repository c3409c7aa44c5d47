import { X509Certificate } from 'node:crypto';
import { commonName, newKey, TestAuthority } from '../../test/support/x509.js';
import { leadsToAnchor } from './certificate-path.js';
import { readCertificates } from './certificates.js';

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

  it('leads to an authority in between, or to the certificate itself, where that is the anchor', () => {
    expect(leads([leaf], intermediate)).toBe(true);
    expect(leadsToAnchor(read([leaf]), [new X509Certificate(leaf)])).toBe(true);
  });

  it('leads to the authority’s other certificate where the one sent along has expired', () => {
    const expired = root.again({ notAfter: YESTERDAY, notBefore: new Date(0) });
    expect(leads([leaf, middle, expired.certificate], root)).toBe(true);
    expect(leads([leaf, middle, expired.certificate], expired)).toBe(false);
  });

  it.each<[string, Buffer[]]>([
    ['is empty', []],
    ['lacks a link', [leaf]],
    ['is out of order', [leaf, root.certificate, middle]],
    ['has a stranger in it', [leaf, new TestAuthority('Intermediate').certificate, root.certificate]],
    ['has its link twice', [leaf, leaf, middle]],
  ])('leads nowhere when it %s', (_, chain) => expect(leads(chain, root)).toBe(false));

  it('leads to no other root of the same name, nor to none', () => {
    expect(leads([leaf, middle], new TestAuthority('Root'))).toBe(false);
    expect(leads([leaf, middle])).toBe(false);
  });

  it('is not made longer by a certified key that is no authority', () => {
    const key = newKey();
    const [certified] = root.chainFor(key, { subject: commonName('Device') }) as [Buffer];
    const forger = new TestAuthority('Device', {}, key);
    const [forged] = forger.chainFor(newKey()) as [Buffer];
    expect(leads([certified], root)).toBe(true);
    expect(leads([forged, certified], root)).toBe(false);
    expect(leads([forged, forger.certificate, certified], root)).toBe(false);
  });

  it('is as short as its authorities say', () => {
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

  it('has at most eight certificates', () => {
    let last = root;
    for (let level = 0; level < 7; level++) last = last.authority(`Level ${level}`);
    expect(leads(last.chainFor(newKey()), root)).toBe(true);
    expect(leads(last.authority('Level 7').chainFor(newKey()), root)).toBe(false);
  });

  it.each([
    ['over', { notBefore: new Date(0), notAfter: YESTERDAY }],
    ['still to come', { notBefore: TOMORROW, notAfter: new Date(Date.now() + 2 * DAY) }],
  ])('leads nowhere while the time of one of them is %s', (_, validity) => {
    expect(leads(intermediate.chainFor(newKey(), validity), root)).toBe(false);
    expect(leads(root.authority('Short', validity).chainFor(newKey()), root)).toBe(false);
    expect(leads([leaf, middle], root.again(validity))).toBe(false);
  });
});

describe('a certificate', () => {
  const { certificate } = root;

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['cut short', certificate.subarray(0, -1)],
    ['followed by something', Buffer.concat([certificate, Buffer.from([0])])],
    ['in PEM', Buffer.from(new X509Certificate(certificate).toString())],
  ])('is not read when it is %s', (_, bytes) => expect(() => readCertificates([bytes])).toThrow());
});
