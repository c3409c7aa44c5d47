import { buildKeyway } from '../e2e/build-keyway.js';
import { sweep } from '../e2e/keyway-process.js';
import { expectEachDelivered, killUnderLoad } from '../faults/webhook-kills.js';

beforeAll(() => buildKeyway(), 150_000);
afterAll(sweep);

it('delivers each event of each act, in order per user, though processes are killed ten times under load', async () => {
  const after = await killUnderLoad(10);
  expectEachDelivered(after);
  expect(after.events).toBeGreaterThan(20);
  expect(after.repeats).toBeGreaterThan(0);
}, 300_000);
