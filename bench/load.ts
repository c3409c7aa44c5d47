import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Load, Measurement } from './load-worker.ts';
import type { Scenario } from './scenarios.ts';
import type { Server } from './servers.ts';

/** To the server, at once, one request at a time on each. */
export const CONNECTIONS = 50;
const WARM_UP = 4; // seconds
const GRACE = 30; // seconds over its time that a load may take

/** Rounds of the same load, by turns on each server so that what else the machine does falls on all of them. */
export async function compare(
  scenario: Scenario,
  servers: readonly Server[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Map<Server, Measurement[]>> {
  const results = new Map<Server, Measurement[]>(servers.map((server) => [server, []]));
  for (const server of servers) await measure(scenario, server, WARM_UP);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? servers : servers.toReversed();
    for (const server of order) results.get(server)!.push(await measure(scenario, server, seconds));
  }
  return results;
}

async function measure({ request }: Scenario, { url }: Server, seconds: number): Promise<Measurement> {
  const child = fork(join(import.meta.dirname, 'load-worker.ts'));
  try {
    child.send({ url, seconds, connections: CONNECTIONS, ...request } satisfies Load);
    const signal = AbortSignal.timeout((seconds + GRACE) * 1000);
    const [measurement] = (await once(child, 'message', { signal })) as [Measurement];
    return measurement;
  } finally {
    child.kill();
  }
}
