/**
 * Imports 100,000 users with subjects and a passkey each, then makes the first call of 100 of them at once, on two
 * replicas: each has to see exactly their own passkey. BENCH_DATABASE_URL names the PostgreSQL server.
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { createTestDatabase } from '../test/support/test-database.ts';
import { FIXTURE, jsonFrom, subjectOf } from './fixture.ts';
import { migrate, startKeyway } from './servers.ts';
import { makeTokens } from './tokens.ts';

const USERS = 100_000;
const CALLERS = 100;
const CLI = join(import.meta.dirname, '../dist/cli/main.js');

if (!process.env.BENCH_DATABASE_URL) throw new Error('Set BENCH_DATABASE_URL to a PostgreSQL server.');
process.env.TEST_DATABASE_URL = process.env.BENCH_DATABASE_URL;
const database = await createTestDatabase();
const directory = await mkdtemp(join(tmpdir(), 'keyway-first-calls-'));
const stops: (() => Promise<void>)[] = [];
try {
  await migrate(database.url);
  const tokens = await makeTokens(CALLERS);
  // Also makes the app.
  const replicas = [await startKeyway(database.url, tokens), await startKeyway(database.url, tokens)];
  stops.push(...replicas.map((replica) => () => replica.stop()));
  await timed(`import of ${USERS} users with subjects and as many passkeys`, importUsers);
  await timed(`first calls of ${CALLERS} of them at once`, () =>
    Promise.all(tokens.all.map((token, i) => seeOwn(replicas[i % 2]!.url, token, i))),
  );
  console.log('Everyone saw exactly their own passkey.');
} finally {
  for (const stop of stops) await stop();
  await database.drop();
  await rm(directory, { recursive: true });
}
process.exit();

async function importUsers(): Promise<void> {
  const file = join(directory, 'users.jsonl');
  const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  await pipeline(Readable.from(rows(publicKey)), createWriteStream(file));
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: database.url,
    APP_ID: FIXTURE.appId,
    JWT_ISSUER: FIXTURE.issuer,
  };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [CLI, 'import', '--app', FIXTURE.appId, file],
    { env },
  );
  console.log(stdout.trim());
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('analyze');
  await client.end();
}

function* rows(public_key: object): Generator<string> {
  for (let n = 1; n <= USERS; n += 1) {
    const external_id = `external-${n}`;
    yield `${JSON.stringify({ type: 'user', external_id, subject: subjectOf(n) })}\n`;
    const credential_id = Buffer.from(`credential-of-${subjectOf(n)}`).toString('base64url');
    yield `${JSON.stringify({ external_id, credential_id, public_key, friendly_name: `Key of ${subjectOf(n)}` })}\n`;
  }
}

/** Throws unless the nth token's user has their own passkey and no other. */
async function seeOwn(url: string, token: string, n: number): Promise<void> {
  const headers = { ...jsonFrom(n), authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/user/devices`, { headers });
  const { passkeys } = (await answer.json()) as { passkeys: { friendlyName: string }[] };
  const [, payload] = token.split('.');
  const { sub } = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as { sub: string };
  if (passkeys.length === 1 && passkeys[0]!.friendlyName === `Key of ${sub}`) return;
  throw new Error(`${sub} saw ${JSON.stringify(passkeys)}`);
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const before = performance.now();
  await work();
  console.log(`${what}: ${((performance.now() - before) / 1000).toFixed(2)} s`);
}
