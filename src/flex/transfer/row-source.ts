import { readCsv } from './csv-records.js';
import { readJsonValues } from './json-values.js';
import { parseObject, readJsonlRow } from './jsonl-row.js';
import { readLines } from './lines.js';
import { passageDevicesOf, readPassageDevice, readPassageUser } from './passage-row.js';
import { RowRefusal } from './row-refusal.js';
import { type SourceRow, sourceRow, type TransferRow } from './transfer-row.js';

const MAX_LINE_BYTES = 65_536;
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
  for await (const { number, text } of readLines(source, MAX_LINE_BYTES)) {
    yield sourceRow(number, () => readJsonlRow(orThrow(text)));
  }
}

async function* readPassageUsers(source: AsyncIterable<Buffer>): AsyncGenerator<SourceRow> {
  const lines = readLines(source, MAX_LINE_BYTES);
  for await (const { number, record } of readCsv(lines, ['external_id'], MAX_LINE_BYTES)) {
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
    return [() => orThrow<TransferRow>(error as RowRefusal)];
  }
}

function orThrow<T>(value: T | RowRefusal): T {
  if (value instanceof RowRefusal) throw value;
  return value;
}
