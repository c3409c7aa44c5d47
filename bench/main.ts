/**
 * Measures Keyway against a bare server on this machine and prints what came out; judges nothing but that every
 * answer was right. BENCH_DATABASE_URL names a PostgreSQL server on which a database of the run's own is made; a word
 * after `npm run bench --` picks the scenarios that have it in their titles. BENCH_ROUNDS=0 compares the answers alone.
 */
import { fillDatabase } from './data.ts';
import { FIXTURE } from './fixture.ts';
import { compare, CONNECTIONS } from './load.ts';
import { table } from './report.ts';
import { cleanUps, makeDatabase, run } from './run.ts';
import { assertSameAnswers, finishSignIn, listPasskeys, startSignIn } from './scenarios.ts';
import { migrate, startBare, startKeyway } from './servers.ts';
import { enrol } from './sign-ins.ts';
import { makeTokens } from './tokens.ts';

const TOKENS = 2_000;
const SIGNING_IN = 500; // users

const rounds = wholeNumber('BENCH_ROUNDS', { least: 0, fallback: 3 });
const seconds = wholeNumber('BENCH_SECONDS', { least: 1, fallback: 8 });
const wanted = process.argv[2] ?? '';

await run(bench);

async function bench(): Promise<void> {
  const url = await makeDatabase();
  await migrate(url);
  await fillDatabase(url);
  const tokens = await makeTokens(TOKENS);
  const credentials = await enrol(url, SIGNING_IN);
  const servers = [];
  for (const start of [startKeyway, startBare]) {
    const server = await start(url, tokens);
    cleanUps.push(() => server.stop());
    servers.push(server);
  }
  const { users, passkeysPerUser, poolMax } = FIXTURE;
  console.log(
    `${users} users with ${passkeysPerUser} passkeys each, ${tokens.all.length} of them calling, ${credentials.length} signing in`,
  );
  console.log(
    `${CONNECTIONS} connections, ${poolMax} to the database; means of ${rounds} rounds of ${seconds} s, by turns\n`,
  );
  const scenarios = [listPasskeys(tokens), startSignIn(), finishSignIn(credentials, url)].filter(
    ({ title }) => title.includes(wanted),
  );
  if (scenarios.length === 0)
    throw new Error(`No scenario has ${wanted} in its title: try devices, start or finish.`);
  for (const scenario of scenarios) {
    await assertSameAnswers(scenario, servers);
    if (rounds === 0) {
      console.log(`${scenario.title}: the servers answer alike`);
      continue;
    }
    const results = await compare(scenario, servers, { rounds, seconds });
    console.log(`${table(scenario.title, results)}\n`);
    if ([...results.values()].flat().some(({ failures }) => failures > 0)) process.exitCode = 1;
  }
}

function wholeNumber(
  name: string,
  { least, fallback }: { readonly least: number; readonly fallback: number },
): number {
  const value = Number(process.env[name] ?? fallback);
  if (Number.isInteger(value) && value >= least && value <= 600) return value;
  throw new Error(`Set ${name} to a whole number from ${least} to 600.`);
}
