import { startPostgres } from './postgres-server.ts';

/** Brings a real PostgreSQL for the whole run, unless `TEST_DATABASE_URL` names one. */
export default async function setUp(): Promise<void> {
  if (process.env.TEST_DATABASE_URL) return;
  const server = await startPostgres();
  process.env.TEST_DATABASE_URL = server.url;
  (globalThis as { stopPostgres?: () => Promise<void> }).stopPostgres = () => server.stop();
}
