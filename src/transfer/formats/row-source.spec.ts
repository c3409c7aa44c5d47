import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { piecesOf } from '../../../test/support/transfer.js';
import { RowRefusal } from './transfer-row.js';
import { readRows } from './row-source.js';
import type { TransferFormat } from './transfer-format.js';

/** What a file gives: external ID and id, or the code of a refusal, each with its line. */
async function read(format: TransferFormat, file: string | Buffer | AsyncIterable<Buffer>, size = 7) {
  const source = typeof file === 'string' || Buffer.isBuffer(file) ? piecesOf(file, size) : file;
  const seen: string[] = [];
  for await (const { line, row } of readRows(format, source)) {
    if (row instanceof RowRefusal) seen.push(`${line} ${row.reason}`);
    else seen.push(`${line} ${'externalId' in row ? row.externalId : ''} ${'id' in row ? row.id : ''}`);
  }
  return seen;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The bytes that are held now, garbage aside; buffers are freed in the background, so it takes some rounds. */
async function heldBytes(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    collectGarbage();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A long file, and how many of its bytes were held at once when all of it but the tail had been read. */
class LongFile {
  held = Infinity;

  constructor(
    private readonly head: string,
    private readonly piece: Buffer,
    private readonly times: number,
    private readonly tail: string,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    const before = await heldBytes();
    yield Buffer.from(this.head);
    for (let count = 0; count < this.times; count += 1) {
      yield Buffer.from(this.piece);
      await Promise.resolve();
    }
    this.held = (await heldBytes()) - before;
    yield Buffer.from(this.tail);
  }
}

const MEGABYTE = Buffer.alloc(1_000_000, 'a');
const user = (id: string) => JSON.stringify({ type: 'user', external_id: id, id });
const device = (id: string, more: object = {}) => JSON.stringify({ id, cred_id: 'AAAA', ...more });

describe('a JSON Lines file', () => {
  it('accepts any line ending, blank lines and a byte order mark', async () => {
    const file = `\ufeff${user('a')}\r\n\n  \n${user('ü')}`;
    for (const size of [1, 3, 1_000])
      expect(await read('jsonl', file, size)).toEqual(['1 a a', '4 invalid_id']);
    expect(await read('jsonl', '')).toEqual([]);
  });

  it('has its lines refused one by one if they are too long, not UTF-8 or not JSON', async () => {
    const bad = Buffer.concat([
      Buffer.from(`${user('a')}\n"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"\n'),
    ]);
    const file = Buffer.concat([bad, Buffer.from(`\u0000\n${'x'.repeat(65_537)}\n${user('b')}\n`)]);
    expect(await read('jsonl', file, 1_000)).toEqual([
      '1 a a',
      '2 malformed_row',
      '3 malformed_row',
      '4 row_too_long',
      '5 b b',
    ]);
  });

  it('is refused with the names of other formats if its first five lines are not JSON objects', async () => {
    const csv = 'external_id,status\nada,active\nbob,active\ncy,active\n';
    const asked = read('jsonl', `${csv}dan,active\n`);
    await expect(asked).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringContaining(
        'Did you mean --format passage-users-csv or --format passage-devices-json?',
      ) as string,
    });
    expect(await read('jsonl', `${csv}${user('a')}\n${csv}${csv}`)).toHaveLength(13);
  });

  it('is read with less than 10 MB in memory, with lines of any length', async () => {
    const file = new LongFile('', MEGABYTE, 40, `\n${user('b')}`);
    expect(await read('jsonl', file)).toEqual(['1 row_too_long', '2 b b']);
    expect(file.held).toBeLessThan(10_000_000);
  });
});

describe('Passage’s CSV of users', () => {
  const csv = (file: string | Buffer | AsyncIterable<Buffer>) => read('passage-users-csv', file);

  it('is read by the names of its columns, in any order and with other columns', async () => {
    const file = '\ufeffEmail, STATUS ,id,External_ID\r\n,active,u1,ada\r\n"x, ""y""\nz",,,"grace "\r\n';
    expect(await csv(file)).toEqual(['2 ada u1', '3 grace  null']);
  });

  it('loses no row after a bare carriage return', async () => {
    const rows = await csv('external_id,status\nada,active\rbob,inactive\rcy,inactive\ndan,active\n');
    expect(rows).toEqual(['2 malformed_row', '3 dan null']);
    await expect(csv('external_id,status\rada,active\rbob,inactive\r')).rejects.toMatchObject({
      code: 'invalid_file',
    });
    expect(await csv('external_id,email\n"ada","a\rb"\n')).toEqual(['2 ada null']);
  });

  it('has the zero time of Go read as unknown', async () => {
    const never = '0001-01-01T00:00:00Z';
    const file = `external_id,created_at,last_login_at,login_count\na,${never},${never},2\n`;
    for await (const { row } of readRows('passage-users-csv', piecesOf(file)))
      expect(row).toMatchObject({ createdAt: null, lastLoginAt: null, loginCount: 2 });
  });

  it('has a last sign-in at the time of creation read as unknown if the count is zero', async () => {
    const file =
      'external_id,status,created_at,last_login_at,login_count\n' +
      'a,inactive,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z,0\nb,,2024-01-01T00:00:00Z,2024-01-02T00:00:00Z,4\n';
    const rows = [];
    for await (const { row } of readRows('passage-users-csv', piecesOf(file))) rows.push(row);
    expect(rows).toMatchObject([
      { externalId: 'a', status: 'inactive', loginCount: 0, lastLoginAt: null },
      { externalId: 'b', status: 'active', loginCount: 4, lastLoginAt: '2024-01-02T00:00:00Z' },
    ]);
  });

  it('has its rows refused one by one for broken quotes, wrong numbers of fields and invalid values', async () => {
    const file =
      'external_id,status,login_count\na"b,active,1\nok,active,1\n\nshort\na,b,c,d\n,active,1\n' +
      'x,gone,1\ny,active,many\nz,active,-1\n"open,active,1\nlast,active,1\n';
    expect(await csv(file)).toEqual([
      '2 malformed_row',
      '3 ok null',
      '5 malformed_row',
      '6 malformed_row',
      '7 invalid_external_id',
      '8 invalid_status',
      '9 invalid_login_count',
      '10 invalid_login_count',
      '11 malformed_row',
      '12 last null',
    ]);
  });

  it('is refused without a column of external IDs', async () => {
    for (const file of ['id,email\n1,x\n', '"external_id\na\n', '\u0000', 'external_id;status\n']) {
      await expect(csv(file)).rejects.toThrow(/external_id is missing/);
    }
    for (const file of ['', ' \n\n']) {
      await expect(csv(file)).rejects.toMatchObject({
        code: 'invalid_file',
        message: expect.stringMatching(/^The file is empty/) as string,
      });
    }
    expect(await csv('external_id')).toEqual([]);
  });

  it('accepts column names in any letter case, with spaces or underscores, each of them once', async () => {
    expect(await csv('External ID, Id ,LastLoginAt\nada,u1,\n')).toEqual(['2 ada u1']);
    await expect(csv('External ID,external_id\nada,bob\n')).rejects.toThrow(/names external_id twice/);
  });

  it('is refused with a list of its columns, without characters that cannot be displayed', async () => {
    await expect(csv('Externe ID, ID\n')).rejects.toThrow(
      'The first line must name the columns, separated by commas; external_id is missing; found: Externe ID, ID.',
    );
    const error: unknown = await csv(`\u001b[31m,${'x'.repeat(9_000)}\n`).catch((it: unknown) => it);
    expect((error as Error).message).toMatch(/; found: \ufffd\[31m, x+…\.$/);
    expect((error as Error).message.length).toBeLessThan(350);
  });

  it('is read with less than 10 MB in memory despite unclosed quotes and bytes that are not UTF-8', async () => {
    const head = 'external_id\n"';
    const file = new LongFile(head, MEGABYTE, 40, '"\nb\n');
    expect(await csv(file)).toEqual(['2 row_too_long', '3 b null']);
    expect(file.held).toBeLessThan(10_000_000);
    const lines = Buffer.from('x\n'.repeat(1_000));
    expect(await csv(new LongFile(head, lines, 3, ''))).toHaveLength(3_000);
    expect(await csv(Buffer.from('external_id\n\xff\nb\n', 'latin1'))).toEqual([
      '2 malformed_row',
      '3 b null',
    ]);
  });
});

describe('Passage’s JSON of devices', () => {
  const json = (file: string | Buffer | AsyncIterable<Buffer>) => read('passage-devices-json', file);
  const a = device('a', { external_id: 'ada', type: 'passkey', icons: { light: null }, unknown: [[]] });
  const b = device('b', { external_id: 'bob', friendly_name: 'a "quoted" \\ ] } name' });
  const group = `{"external_id": "eve", "devices": [${device('c')}, ${device('d')}]}`;
  const profile = `{"user": {"external_id": "eve", "webauthn_devices": [${device('c')}, ${device('d')}]}}`;

  it.each([
    ['an array', `[${a}, ${b}]`],
    ['lines', `${a}\n${b}\n`],
    ['an object', `{ "devices" : [\n${a},${b}\n] }\n`],
    ['an object with more after them', `{"devices": [${a},${b}]}`],
  ])('is read from %s of devices', async (_, file) => {
    expect(await json(file)).toEqual(['1 ada a', '2 bob b']);
  });

  it.each([
    ['a user', group],
    ['an array', `[${group}]`],
    ['a response of the protocol', profile],
    ['lines of such responses', `${profile}\n`],
    ['an object of users', `{"users":[${profile}]}`],
  ])('is read when devices are grouped by user: %s', async (_, file) => {
    expect(await json(file)).toEqual(['1 eve c', '2 eve d']);
  });

  it('has its devices refused one by one, and an incomplete last one too', async () => {
    const file = `[${a},{"id":"x"},7,"y",{"external_id":"z"},${device('q', { external_id: 'q', cred_id: '!' })},null,{"id"}]`;
    expect(await json(file)).toEqual([
      '1 ada a',
      '2 invalid_external_id',
      '3 malformed_row',
      '4 malformed_row',
      '5 invalid_id',
      '6 invalid_cred_id',
      '7 malformed_row',
      '8 malformed_row',
    ]);
    expect(await json(`[${a},`)).toEqual(['1 ada a', '2 malformed_row']);
    expect(await json(`[${a},{"id":`)).toEqual(['1 ada a', '2 malformed_row', '3 malformed_row']);
    expect(await json(`${a}\n{"id":"b\n${b}`)).toEqual(['1 ada a', '2 malformed_row', '3 bob b']);
    expect(await json('')).toEqual([]);
    expect(await json('[]')).toEqual([]);
  });

  it('is read after deep nesting, bytes that are not UTF-8 and endless values, within 10 MB of memory', async () => {
    expect(await json(`${a}\n${'['.repeat(50_000)}${']'.repeat(50_000)}\n${b}`)).toEqual([
      '1 ada a',
      '2 malformed_row',
      '3 bob b',
    ]);
    const bytes = Buffer.concat([Buffer.from(`[${a},{"x":"`), Buffer.from([0xff]), Buffer.from(`"},${b}]`)]);
    expect(await json(bytes)).toEqual(['1 ada a', '2 malformed_row', '3 bob b']);
    const file = new LongFile(`[${a},{"x":"`, MEGABYTE, 20, `"},${b}]`);
    expect(await json(file)).toEqual(['1 ada a', '2 row_too_long', '3 bob b']);
    expect(file.held).toBeLessThan(10_000_000);
  });
});
