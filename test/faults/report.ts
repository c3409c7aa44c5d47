/** What one run came to. */
export interface Report {
  readonly name: string;
  readonly requests: number;
  /** Answers of 2xx. */
  readonly ok: number;
  /** Answers of 4xx, each to what has to be refused. */
  readonly refused: number;
  /** Answers of 503. */
  readonly unavailable: number;
  readonly resets: number;
  /** Any other answer. */
  readonly surprises: readonly string[];
  /** Writes that were acknowledged. */
  readonly writes: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** The longest time without a success, in s. */
  readonly gap: number;
  /** The slowest answer, in s. */
  readonly slowest: number;
}

const COLUMNS: readonly (readonly [heading: string, cell: (report: Report) => string | number])[] = [
  ['what happened', ({ name }) => name],
  ['requests', ({ requests }) => requests],
  ['2xx', ({ ok }) => ok],
  ['4xx', ({ refused }) => refused],
  ['503', ({ unavailable }) => unavailable],
  ['cut', ({ resets }) => resets],
  ['other', ({ surprises }) => surprises.length],
  ['acknowledged writes', ({ writes }) => writes],
  ['lost', ({ lost }) => lost.length],
  ['twice', ({ twice }) => twice.length],
  ['gap (s)', ({ gap }) => gap.toFixed(1)],
  ['slowest (s)', ({ slowest }) => slowest.toFixed(1)],
];

/** A run in one line. */
export const lineOf = (report: Report): string =>
  COLUMNS.map(([heading, cell]) =>
    heading === 'what happened' ? cell(report) : `${heading} ${cell(report)}`,
  ).join(', ');

/** All runs as a table of Markdown. */
export function tableOf(reports: readonly Report[]): string {
  const rows = [
    COLUMNS.map(([heading]) => heading),
    COLUMNS.map((_column, index) => (index === 0 ? '---' : '--:')),
    ...reports.map((report) => COLUMNS.map(([, cell]) => cell(report))),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
