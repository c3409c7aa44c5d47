// Written by hand because certificates are read before anything certifies them: for eight that are made to be slow, asn1js
// blocks the event loop for 50 ms, and this for 3 ms at most.

/** One element of DER: its identifier octets in hex, such as `30` or `bf853e`, and its content. */
export interface DerElement {
  readonly tag: string;
  readonly content: Buffer;
}

/** Identifier octets, in hex, of the types that are read here. */
export const DER_TAG = {
  INTEGER: '02',
  BIT_STRING: '03',
  OCTET_STRING: '04',
  OID: '06',
  SEQUENCE: '30',
  SET: '31',
} as const;

const MAX_LENGTH_BYTES = 3;

/** An untrusted certificate that is not accepted, or a part of one that cannot be read. For the log only. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/**
 * The consecutive elements in `bytes` (X.690). Throws `CertificateError` if one is cut short or of indefinite length.
 */
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

/** The elements inside the single element in `bytes`, which must have the given tag. Throws `CertificateError`. */
export function derMembers(bytes: Buffer, tag: string = DER_TAG.SEQUENCE): DerElement[] {
  return derElements(derContent(bytes, tag));
}

/** The content of the single element in `bytes`, which must have the given tag. Throws `CertificateError`. */
export function derContent(bytes: Buffer, tag: string): Buffer {
  const [element, ...more] = derElements(bytes);
  if (element?.tag !== tag || more.length > 0)
    throw new CertificateError(`There is not exactly one DER element, of type ${tag}.`);
  return element.content;
}

function tagAt(bytes: Buffer, start: number): [tag: string, end: number] {
  let end = start + 1;
  // Tag numbers from 31 on take several bytes, all but the last with the high bit set.
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
