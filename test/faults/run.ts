import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { auditBooks } from './books.js';
import { Ledger } from './ledger.js';
import { Person, type Surroundings } from './person.js';
import { lineOf, type Report } from './report.js';
import type { Site } from './site.js';
import { Traffic } from './traffic.js';

const PEOPLE = 8; // at a time
const BEFORE = 1_500; // ms of undisturbed load
const AFTER = 2_000; // ms; the last of a fault is over by then

/** What happens while people use the site. */
export type Fault = (at: Surroundings) => Promise<void>;

/** How a run is named and loaded. */
export interface RunOptions {
  /** What happened, for the table. */
  readonly name: string;
  /** ms for which people leave a ceremony open; none by default. */
  readonly hesitation?: () => number;
}

/** People do all that they can with passkeys while `fault` happens; then the books are held against the tables. */
export async function underLoad(site: Site, { name, hesitation }: RunOptions, fault: Fault): Promise<Report> {
  const { traffic, ledger } = await load(site, fault, hesitation);
  const { lost, twice } = await auditBooks(site.cluster, site.database, ledger);
  const report: Report = {
    name,
    requests: traffic.requests,
    ok: traffic.ofClass(2),
    refused: traffic.ofClass(4),
    unavailable: traffic.count(503),
    resets: traffic.count('reset'),
    surprises: traffic.surprises,
    writes: ledger.writes,
    lost,
    twice,
    gap: traffic.longestGap / 1_000,
    slowest: traffic.slowest / 1_000,
  };
  process.stdout.write(`${lineOf(report)}\n`);
  const file = process.env.FAULTS_REPORTS;
  if (file) appendFileSync(file, `${JSON.stringify(report)}\n`);
  return report;
}

/** The load alone; nothing of it is under way any more. */
export async function load(site: Site, fault: Fault, hesitation = () => 0): Promise<Surroundings> {
  const traffic = new Traffic(site.balancer.url);
  const at = { traffic, ledger: new Ledger(), credentials: site.credentials, hesitation };
  let isOver = false;
  const lives = async (): Promise<void> => {
    while (!isOver) await new Person(at).live();
  };
  traffic.begin();
  const people = Promise.all(Array.from({ length: PEOPLE }, lives));
  try {
    await pause(BEFORE);
    await Promise.race([fault(at), people]);
    await pause(AFTER);
  } finally {
    isOver = true;
    await people;
    traffic.end();
  }
  await site.settle();
  return at;
}

/** What holds in every run, whatever happened. */
export function expectNothingLost({ surprises, lost, twice, writes }: Report): void {
  expect({ surprises, lost, twice }).toEqual({ surprises: [], lost: [], twice: [] });
  expect(writes).toBeGreaterThan(50);
}

/** No request was turned away, nor any connection cut. */
export function expectNobodyRefused(report: Report): void {
  expectNothingLost(report);
  expect({ unavailable: report.unavailable, resets: report.resets }).toEqual({ unavailable: 0, resets: 0 });
}
