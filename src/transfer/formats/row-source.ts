import { OperatorError } from '../../errors/operator-error.js';
import { readCsv } from './csv-records.js';
import { readJsonValues } from './json-values.js';
import { parseObject, readJsonlRow } from './jsonl-row.js';
import { readLines } from './lines.js';
import { passageDevicesOf, readPassageDevice, readPassageUser, USER_COLUMNS } from './passage-row.js';
import type { TransferFormat } from './transfer-format.js';
import { RowRefusal, type SourceRow, sourceRow, type TransferRow } from './transfer-row.js';

const MAX_LINE_BYTES = 65_536;
const MAX_MALFORMED = 5; // rows at the start of a file, if none of them is JSON
/** One value may be a user with all devices. */
const MAX_VALUE_BYTES = 1_048_576;

/** Reads a file row by row, and holds one row of it at a time. Throws `OperatorError` if the file as a whole is wrong. */
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
    // A file in another format would be refused line by line, which would hide the one mistake.
    if (!isJson && rows === MAX_MALFORMED) throw notJson();
    yield read;
  }
}

const notJson = (): OperatorError =>
  new OperatorError(
    'invalid_file',
    `The first ${MAX_MALFORMED} rows are not JSON objects; nothing was imported. ` +
      'Did you mean --format passage-users-csv or --format passage-devices-json?',
  );

async function* readPassageUsers(source: AsyncIterable<Buffer>): AsyncGenerator<SourceRow> {
  const lines = readLines(source, MAX_LINE_BYTES);
  for await (const { number, record } of readCsv(lines, USER_COLUMNS, MAX_LINE_BYTES)) {
    yield sourceRow(number, () => readPassageUser(orThrow(record)));
  }
}

/** Counts devices, as line ends mean nothing in JSON. */
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
