import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names the file in which each run of load leaves its report. */
export default function setUp(): void {
  process.env.FAULTS_REPORTS = join(mkdtempSync(join(tmpdir(), 'keyway-faults-')), 'reports.jsonl');
}
