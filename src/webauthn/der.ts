// By hand, as certificates are read before anything vouches for them: eight that are made to be slow take asn1js 50 ms of
// the event loop, and this 3 ms at most.

/** One element of DER: identifier octets in hex, such as `30` or `bf853e`, and what is in it. */
export interface DerElement {
  readonly tag: string;
  readonly content: Buffer;
}

/** Identifier octets, in hex, of the types that certificates and attestation extensions are made of. */
export const DER_TAG = { INTEGER: '02', OCTET_STRING: '04', OID: '06', SEQUENCE: '30', SET: '31' } as const;

const MAX_LENGTH_BYTES = 3;

/** A certificate, or something in one, that is not what it has to be. Its message is for the log only. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/** The elements that `bytes` hold one after the other (X.690). Throws `CertificateError` if they are cut short or not of definite length. */
export function derElements(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let start = 0; start < bytes.length;) {
    const [tag, afterTag] = tagAt(bytes, start);
    const [length, afterLength] = lengthAt(bytes, afterTag);
    const end = afterLength + length;
    if (end > bytes.length) throw cutShort();
    elements.push({ tag, content: bytes.subarray(afterLength, end) });
    start = end;
  }
  return elements;
}

/** The elements in the one element that `bytes` are, which has to have the given tag. Throws `CertificateError`. */
export function derMembers(bytes: Buffer, tag: string = DER_TAG.SEQUENCE): DerElement[] {
  return derElements(derContent(bytes, tag));
}

/** The content of the one element that `bytes` are, which has to have the given tag. Throws `CertificateError`. */
export function derContent(bytes: Buffer, tag: string): Buffer {
  const [element, ...more] = derElements(bytes);
  if (element?.tag !== tag || more.length > 0)
    throw new CertificateError(`One DER element ${tag} was expected.`);
  return element.content;
}

function tagAt(bytes: Buffer, start: number): [tag: string, end: number] {
  let end = start + 1;
  // Tag numbers from 31 on go over several bytes, all but the last with the high bit set.
  if ((byteAt(bytes, start) & 0x1f) === 0x1f) while (byteAt(bytes, end++) & 0x80);
  return [bytes.toString('hex', start, end), end];
}

function lengthAt(bytes: Buffer, start: number): [length: number, end: number] {
  const first = byteAt(bytes, start);
  if (first < 0x80) return [first, start + 1];
  const width = first & 0x7f;
  const end = start + 1 + width;
  if (width === 0 || width > MAX_LENGTH_BYTES) {
    throw new CertificateError('A DER element is of indefinite length or longer than a certificate.');
  }
  if (end > bytes.length) throw cutShort();
  return [bytes.readUIntBE(start + 1, width), end];
}

function byteAt(bytes: Buffer, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) throw cutShort();
  return byte;
}

const cutShort = (): CertificateError => new CertificateError('A DER element is cut short.');
