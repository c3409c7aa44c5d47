import { buildKeyway } from '../e2e/build-keyway.js';
import { sweep } from '../e2e/keyway-process.js';
import { startPostgres } from '../support/postgres-server.js';
import { expectEachDelivered, killUnderLoad } from './webhook-kills.js';

const KILLS = Number(process.env.KILLS ?? 100);

let stop: (() => Promise<void>) | undefined;

beforeAll(async () => {
  buildKeyway();
  if (process.env.TEST_DATABASE_URL) return;
  const server = await startPostgres();
  process.env.TEST_DATABASE_URL = server.url;
  stop = () => server.stop();
}, 150_000);
afterAll(async () => {
  await sweep();
  await stop?.();
});

it(`delivers each event of each act, in order per user, though processes are killed ${KILLS} times under load`, async () => {
  const after = await killUnderLoad(KILLS);
  const { events, repeats, doubles, accepted } = after;
  process.stderr.write(`${KILLS} kills: ${JSON.stringify({ events, repeats, doubles, accepted })}\n`);
  expectEachDelivered(after);
}, 1_500_000);
