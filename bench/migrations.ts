/**
 * Measures the migrations since the last release on a large database that is in use, and prints how long each took and how
 * long a request waited at most. BENCH_DATABASE_URL names a PostgreSQL server on which a database of the run's own is made;
 * BENCH_PASSKEYS is how many there are (3,000,000, which take about 5 GB and ten minutes).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../src/database/database.ts';
import type { migrate, plannedMigrations } from '../src/database/migrate.ts';
import type { migrations } from '../src/database/migrations.ts';
import { fillDatabase, fillTrail } from './data.ts';
import { Foreground } from './foreground.ts';
import { cleanUps, makeDatabase, run } from './run.ts';

const DIST = join(import.meta.dirname, '../dist/database');
const PASSKEYS_PER_USER = 4;
const passkeys = Number(process.env.BENCH_PASSKEYS ?? 3_000_000);

interface Compiled {
  Database: typeof Database;
  migrate: typeof migrate;
  plannedMigrations: typeof plannedMigrations;
  migrations: typeof migrations;
}

const { Database: Opened, migrate: apply, plannedMigrations: plan, migrations: all } = await load();

await run(bench);

async function bench(): Promise<void> {
  const url = await makeDatabase();
  const database = await Opened.open({ kind: 'postgresql', url, poolMax: 4 }, 'commands');
  cleanUps.push(() => database.close());
  const path = join(import.meta.dirname, '../test/integration/released.json');
  const released = JSON.parse(readFileSync(path, 'utf8')) as { version: string; migrations: string[] };
  const old = all.filter(({ name }) => released.migrations.includes(name));
  await apply(database.orm, { migrations: old });
  await timed('filled', async () => {
    await fillDatabase(url, { users: passkeys / PASSKEYS_PER_USER, passkeysPerUser: PASSKEYS_PER_USER });
    await fillTrail(url);
  });
  const foreground = await Foreground.start(url);
  cleanUps.push(() => foreground.stop());
  await foreground.settle();
  foreground.lap();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  print('(nothing, for 5 s)', '', 5, foreground.lap());
  const planned = await plan(database.orm);
  for (const { name, kind } of planned) {
    const until = all.findIndex((each) => each.name === name) + 1;
    const begun = performance.now();
    await apply(database.orm, { migrations: all.slice(0, until), say: console.error });
    print(name, kind, (performance.now() - begun) / 1_000, foreground.lap());
  }
}

function print(
  name: string,
  kind: string,
  seconds: number,
  { count, longest, failures }: ReturnType<Foreground['lap']>,
): void {
  const [time, wait] = [`${seconds.toFixed(1)} s`.padStart(8), `${Math.round(longest)} ms`.padStart(9)];
  console.log(
    `${name.padEnd(46)} ${kind.padEnd(13)} ${time} ${wait} ${String(count).padStart(7)} ${failures.join(' ')}`,
  );
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const begun = performance.now();
  await work();
  console.log(`${what} in ${Math.round((performance.now() - begun) / 1_000)} s\n`);
}

async function load(): Promise<Compiled> {
  const files = ['database.js', 'migrate.js', 'migrations.js'].map((file) => import(join(DIST, file)));
  return Object.assign({}, ...(await Promise.all(files))) as Compiled;
}
