import { isUtf8 } from 'node:buffer';
import { tooLong } from './lines.js';
import { RowRefusal } from './transfer-row.js';

const BYTE = { quote: 0x22, comma: 0x2c, backslash: 0x5c, lineFeed: 0x0a, bracket: 0x5b } as const;
const OPENING: ReadonlySet<number> = new Set(Buffer.from('{['));
const CLOSING: ReadonlySet<number> = new Set(Buffer.from('}]'));
const BETWEEN: ReadonlySet<number> = new Set([...Buffer.from(' \t\r\n,'), 0xef, 0xbb, 0xbf]);
const ENVELOPE = /^\{\s*"[a-z_]{1,32}"\s*:\s*\[$/;
const MAX_ENVELOPE_BYTES = 128;

/**
 * Splits JSON into values that stand one after the other, in an array, or in an array that is the first member of an
 * object (`{"devices": [...]}`). Yields the text of each value, or why it cannot be read, and holds at most `maxBytes` of
 * one. It goes on after a value that is not JSON, where @streamparser/json stops.
 */
export async function* readJsonValues(
  source: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<string | RowRefusal> {
  const splitter = new Splitter(maxBytes);
  for await (const chunk of source) yield* splitter.take(chunk);
  yield* splitter.end();
}

class Splitter {
  private bytes: number[] = [];
  private length = 0;
  /** Open brackets: `depth` counts all of them, `base` those around the values. */
  private depth = 0;
  private base = 0;
  private isFirst = true;
  private isInText = false;
  private isEscaped = false;

  constructor(private readonly maxBytes: number) {}

  *take(chunk: Buffer): Generator<string | RowRefusal> {
    for (const byte of chunk) {
      const value = this.step(byte);
      if (value !== null) yield value;
    }
  }

  *end(): Generator<string | RowRefusal> {
    if (this.length > 0) yield this.cut();
    if (this.depth > 0) yield new RowRefusal('malformed_row', 'The file ends inside an array or an object.');
  }

  private step(byte: number): string | RowRefusal | null {
    if (this.isInText) return this.stepInText(byte);
    if (this.length === 0 && BETWEEN.has(byte)) return null;
    if (this.length === 0 && CLOSING.has(byte)) return this.close();
    // A bare word or number is not a device, but it must end somewhere.
    if (this.depth === this.base && this.length > 0 && BETWEEN.has(byte)) return this.cut();
    this.keep(byte);
    if (byte === BYTE.quote) this.isInText = true;
    else if (OPENING.has(byte)) this.open(byte);
    else if (CLOSING.has(byte)) {
      this.depth -= 1;
      if (this.depth <= this.base) return this.cut();
    }
    return null;
  }

  private stepInText(byte: number): string | RowRefusal | null {
    this.keep(byte);
    if (this.isEscaped) this.isEscaped = false;
    else if (byte === BYTE.backslash) this.isEscaped = true;
    else if (byte === BYTE.quote) this.isInText = false;
    else if (byte === BYTE.lineFeed) {
      // A JSON string cannot contain a line feed: an unclosed one ends here, and the next line is tried as a value.
      this.isInText = false;
      this.depth = this.base;
      return this.cut();
    }
    return null;
  }

  private open(byte: number): void {
    this.depth += 1;
    if (!this.isFirst) return;
    const isArray = byte === BYTE.bracket && this.length === 1;
    const isEnvelope =
      byte === BYTE.bracket &&
      this.length <= MAX_ENVELOPE_BYTES &&
      ENVELOPE.test(Buffer.from(this.bytes).toString('latin1'));
    if (!isArray && !isEnvelope) return;
    this.base = this.depth;
    this.isFirst = false;
    [this.bytes, this.length] = [[], 0];
  }

  /** The end of the array or object around the values. */
  private close(): null {
    this.depth = Math.max(0, this.depth - 1);
    this.base = this.depth;
    return null;
  }

  private keep(byte: number): void {
    this.length += 1;
    if (this.length <= this.maxBytes) this.bytes.push(byte);
    else this.bytes = [];
  }

  private cut(): string | RowRefusal {
    const bytes = Buffer.from(this.bytes);
    const isTooLong = this.length > this.maxBytes;
    [this.bytes, this.length, this.isFirst] = [[], 0, false];
    if (isTooLong) return tooLong(this.maxBytes);
    return isUtf8(bytes)
      ? bytes.toString('utf8')
      : new RowRefusal('malformed_row', 'The row is not in UTF-8.');
  }
}
