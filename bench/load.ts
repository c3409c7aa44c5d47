import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Load, Measurement } from './load-worker.ts';
import type { Scenario } from './scenarios.ts';
import type { Server } from './servers.ts';

/** A `Measurement`, and what it cost the server. */
export interface Round extends Measurement {
  /** User and system time of the server's process, microseconds for one right answer. */
  readonly cpu: number;
}

/** To the server, at once, one request at a time on each. */
export const CONNECTIONS = 50;
const ONCE_A_SECOND = 1_500; // requests that are prepared for each second of a load that can send none twice
const WARM_UP = 4; // seconds
const GRACE = 120; // seconds over its time that a load may take

/** Rounds of the same load, by turns on each server so that what else the machine does falls on all of them. */
export async function compare(
  scenario: Scenario,
  servers: readonly Server[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Map<Server, Round[]>> {
  const results = new Map<Server, Round[]>(servers.map((server) => [server, []]));
  for (const server of servers) await measure(scenario, server, WARM_UP);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? servers : servers.toReversed();
    for (const server of order) results.get(server)!.push(await measure(scenario, server, seconds));
  }
  return results;
}

async function measure(scenario: Scenario, server: Server, seconds: number): Promise<Round> {
  const { method, path, isOnce, answer } = scenario;
  const requests = await scenario.requestsTo(server, seconds * ONCE_A_SECOND);
  const load: Load = {
    url: server.url,
    method,
    path,
    requests,
    connections: CONNECTIONS,
    duration: isOnce ? null : seconds,
    answer: answer.source,
  };
  const child = fork(join(import.meta.dirname, 'load-worker.ts'));
  try {
    const before = server.cpuTime();
    child.send(load);
    const signal = AbortSignal.timeout((seconds + GRACE) * 1000);
    const [measurement] = (await once(child, 'message', { signal })) as [Measurement];
    return { ...measurement, cpu: (server.cpuTime() - before) / measurement.answers };
  } finally {
    child.kill();
  }
}
