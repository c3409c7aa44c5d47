import { isUtf8 } from 'node:buffer';
import { CeremonyRefusal, SpecificationStep } from './ceremony-refusal.js';

// Written by hand because no library is as strict: cborg accepts broken UTF-8, deep nesting and compound keys, cbor2 a key
// in two spellings, and SimpleWebAuthn's decoder tags and more.

/** No structure of WebAuthn nests deeper than an attestation statement's arrays; CTAP 2 itself allows four levels. */
const MAX_DEPTH = 16;

const enum MajorType {
  Unsigned = 0,
  Negative = 1,
  Bytes = 2,
  Text = 3,
  Array = 4,
  Map = 5,
  Tag = 6,
  Simple = 7,
}

interface Head {
  readonly type: MajorType;
  readonly argument: bigint;
  readonly end: number;
}

/**
 * Walks one untrusted CBOR item without decoding it and returns the offset of its end, so that a decoder which runs
 * afterwards meets no surprise (CTAP 2.1 §8, WebAuthn Level 3 §2.1). Throws `CeremonyRefusal` `malformed_cbor` with
 * `step` if the item is cut short, nested deeper than 16, tagged, of indefinite length, or has duplicate or compound keys.
 */
export function endOfCborItem(bytes: Uint8Array, start: number, step: SpecificationStep): number {
  return new Walker(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), step).item(start, 1);
}

/** Throws `CeremonyRefusal` unless `bytes` are one well-formed CBOR map and nothing else ({@link endOfCborItem}). */
export function requireOneCborMap(bytes: Uint8Array, step: SpecificationStep): void {
  if (!startsWithCborMap(bytes, 0) || endOfCborItem(bytes, 0, step) !== bytes.byteLength) {
    throw new CeremonyRefusal('malformed_cbor', step);
  }
}

/** Whether the byte at `offset` starts a CBOR map. */
export function startsWithCborMap(bytes: Uint8Array, offset: number): boolean {
  const initial = bytes[offset];
  return initial !== undefined && initial >> 5 === (MajorType.Map as number);
}

class Walker {
  constructor(
    private readonly bytes: Buffer,
    private readonly step: SpecificationStep,
  ) {}

  item(start: number, depth: number): number {
    if (depth > MAX_DEPTH) throw this.refusal();
    const head = this.head(start);
    switch (head.type) {
      case MajorType.Unsigned:
      case MajorType.Negative:
      case MajorType.Simple:
        return head.end;
      case MajorType.Bytes:
      case MajorType.Text:
        return this.string(head);
      case MajorType.Array:
        return this.array(head, depth);
      case MajorType.Map:
        return this.map(head, depth);
      case MajorType.Tag:
        throw this.refusal();
    }
  }

  private head(start: number): Head {
    const initial = this.bytes[start];
    if (initial === undefined) throw this.refusal();
    const type: MajorType = initial >> 5;
    const info = initial & 0x1f;
    // 28 to 30 are reserved, 31 is an indefinite length or its break; one-byte simple values have no use here.
    if (info > 27 || (type === MajorType.Simple && (info < 20 || info === 24))) throw this.refusal();
    if (info < 24) return { type, argument: BigInt(info), end: start + 1 };
    const width = 1 << (info - 24);
    const end = start + 1 + width;
    if (end > this.bytes.length) throw this.refusal();
    return { type, argument: BigInt(`0x${this.bytes.toString('hex', start + 1, end)}`), end };
  }

  private string({ type, argument, end: start }: Head): number {
    if (argument > BigInt(this.bytes.length - start)) throw this.refusal();
    const end = start + Number(argument);
    if (type === MajorType.Text && !isUtf8(this.bytes.subarray(start, end))) throw this.refusal();
    return end;
  }

  private array({ argument, end }: Head, depth: number): number {
    // Each item takes at least a byte, so a huge count ends at the end of the bytes at the latest.
    for (let index = 0n; index < argument; index++) end = this.item(end, depth + 1);
    return end;
  }

  private map({ argument, end }: Head, depth: number): number {
    const keys = new Set<string>();
    for (let index = 0n; index < argument; index++) {
      const [key, afterKey] = this.key(end);
      if (keys.has(key)) throw this.refusal();
      keys.add(key);
      end = this.item(afterKey, depth + 1);
    }
    return end;
  }

  /** Reads an integer or text key as text that is the same for every spelling of the same key. */
  private key(start: number): [key: string, end: number] {
    const head = this.head(start);
    if (head.type === MajorType.Text) {
      const end = this.string(head);
      return [`text ${this.bytes.toString('utf8', head.end, end)}`, end];
    }
    if (head.type !== MajorType.Unsigned && head.type !== MajorType.Negative) throw this.refusal();
    return [`${head.type} ${head.argument}`, head.end];
  }

  private refusal(): CeremonyRefusal {
    return new CeremonyRefusal('malformed_cbor', this.step);
  }
}
