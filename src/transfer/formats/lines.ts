import { isUtf8 } from 'node:buffer';
import { RowRefusal } from './transfer-row.js';

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** The text of a line without its end, or why it cannot be read. */
export interface Line {
  readonly number: number;
  readonly text: string | RowRefusal;
}

/** Splits bytes into lines of UTF-8 and skips blank ones. Holds at most `maxBytes` of a line at any time. */
export async function* readLines(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let number = 0;
  let pieces: Buffer[] = [];
  let length = 0;
  const take = (piece: Buffer) => {
    length += piece.byteLength;
    if (length <= maxBytes) pieces.push(piece);
    else pieces = [];
  };
  const finish = (): Line | null => {
    number += 1;
    const text = length > maxBytes ? tooLong(maxBytes) : decode(Buffer.concat(pieces), number === 1);
    [pieces, length] = [[], 0];
    return text === '' ? null : { number, text };
  };
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      take(chunk.subarray(start, end));
      start = end + 1;
      const line = finish();
      if (line) yield line;
    }
    take(chunk.subarray(start));
  }
  const last = finish();
  if (last) yield last;
}

/** The refusal of a row that is too long. */
export const tooLong = (maxBytes: number): RowRefusal =>
  new RowRefusal('row_too_long', `The row has more than ${maxBytes} bytes.`);

function decode(bytes: Buffer, isFirst: boolean): string | RowRefusal {
  const isMarked = isFirst && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK);
  const content = isMarked ? bytes.subarray(3) : bytes;
  if (!isUtf8(content)) return new RowRefusal('malformed_row', 'The row is not in UTF-8.');
  const text = content.toString('utf8');
  return text.trim() === '' ? '' : text.replace(/\r$/, '');
}
