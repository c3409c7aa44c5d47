import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Report, tableOf } from './report.ts';

/** Prints all reports as one table. */
export default function tearDown(): void {
  const file = process.env.FAULTS_REPORTS!;
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  process.stdout.write(`\n${tableOf(lines.map((line) => JSON.parse(line) as Report))}\n`);
  rmSync(dirname(file), { recursive: true, force: true });
}
