import { OperatorError } from '../../flex/operator-error.js';
import { readCsv } from './csv-records.js';
import { readJsonValues } from './json-values.js';
import { parseObject, readJsonlRow } from './jsonl-row.js';
import { readLines } from './lines.js';
import { passageDevicesOf, readPassageDevice, readPassageUser, USER_COLUMNS } from './passage-row.js';
import { RowRefusal, type SourceRow, sourceRow, type TransferRow } from './transfer-row.js';

const MAX_LINE_BYTES = 65_536;
const MAX_MALFORMED = 5; // rows at the head of a file that may be meant as JSON
/** A user with all their devices may be one value. */
const MAX_VALUE_BYTES = 1_048_576;

/** What `keyway import` reads: our own form, or either of what was exported from Passage. */
export const TRANSFER_FORMATS = ['jsonl', 'passage-users-csv', 'passage-devices-json'] as const;
export type TransferFormat = (typeof TRANSFER_FORMATS)[number];

/** Reads a file's rows one after the other, never more of it than a row takes. Throws `OperatorError`. */
export function readRows(format: TransferFormat, source: AsyncIterable<Buffer>): AsyncIterable<SourceRow> {
  switch (format) {
    case 'jsonl':
      return readJsonl(source);
    case 'passage-users-csv':
      return readPassageUsers(source);
    case 'passage-devices-json':
      return readPassageDevices(source);
  }
}

async function* readJsonl(source: AsyncIterable<Buffer>): AsyncGenerator<SourceRow> {
  let rows = 0;
  let isJson = false;
  for await (const { number, text } of readLines(source, MAX_LINE_BYTES)) {
    const read = sourceRow(number, () => readJsonlRow(orThrow(text)));
    rows += 1;
    isJson ||= !(read.row instanceof RowRefusal && read.row.reason === 'malformed_row');
    // One refusal a line of a large file of another kind would hide what is wrong with all of them.
    if (!isJson && rows === MAX_MALFORMED) throw notJson();
    yield read;
  }
}

const notJson = (): OperatorError =>
  new OperatorError(
    'invalid_file',
    `The first ${MAX_MALFORMED} rows are no JSON objects, and nothing was imported: ` +
      'was --format passage-users-csv meant, or passage-devices-json?',
  );

async function* readPassageUsers(source: AsyncIterable<Buffer>): AsyncGenerator<SourceRow> {
  const lines = readLines(source, MAX_LINE_BYTES);
  for await (const { number, record } of readCsv(lines, USER_COLUMNS, MAX_LINE_BYTES)) {
    yield sourceRow(number, () => readPassageUser(orThrow(record)));
  }
}

/** Lines mean nothing in JSON: what is counted are the devices. */
async function* readPassageDevices(source: AsyncIterable<Buffer>): AsyncGenerator<SourceRow> {
  let number = 0;
  for await (const text of readJsonValues(source, MAX_VALUE_BYTES)) {
    for (const read of readersOf(text)) {
      number += 1;
      yield sourceRow(number, read);
    }
  }
}

function readersOf(text: string | RowRefusal): (() => TransferRow)[] {
  try {
    return passageDevicesOf(parseObject(orThrow(text))).map((device) => () => readPassageDevice(device));
  } catch (error) {
    return [
      () => {
        throw error;
      },
    ];
  }
}

function orThrow<T>(value: T | RowRefusal): T {
  if (value instanceof RowRefusal) throw value;
  return value;
}
