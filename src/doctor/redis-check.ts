import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { SharedCounts } from '../http/shared-counts.js';
import { type Finding, findingsOf } from './finding.js';

const { ok, fail } = findingsOf('redis');

/** Counts once in Redis, as a start of the service does, under a name that lasts for a second. */
export async function checkRedis(url: string | null): Promise<Finding[]> {
  if (url === null) return [ok('REDIS_URL is not set: each replica counts for its own rate limits.')];
  const { host } = new URL(url);
  const counts = await SharedCounts.open({ url, secret: randomBytes(32) }, pino({ level: 'silent' }));
  const { problem } = counts;
  counts.close();
  if (problem === null) return [ok(`Redis at ${host} counts.`)];
  return [
    fail(
      `Redis at ${host} does not count (${problem}), and each replica counts for itself: ${adviceFor(problem)}.`,
    ),
  ];
}

function adviceFor(problem: string): string {
  if (/^(WRONGPASS|NOAUTH|NOPERM)$/.test(problem)) {
    return 'set REDIS_URL to a user and a password that may run scripts on keyway:limit:*';
  }
  if (problem === 'READONLY') return 'set REDIS_URL to the primary';
  if (problem === 'OOM') return 'give it more memory, or another maxmemory-policy';
  return 'see that it runs, that REDIS_URL leads to it, and that this machine may reach it';
}
