import type { Round } from './load.ts';
import type { Server } from './servers.ts';

const COLUMNS = ['server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs each', 'failures'];
const WIDTH = 11;

/** One line a server with the means of its rounds, then how the first compares with the second. */
export function table(title: string, results: ReadonlyMap<Server, readonly Round[]>): string {
  const means = [...results].map(([{ name }, rounds]) => ({ name, ...meanOf(rounds) }));
  const rows = means.map(({ name, requestsPerSecond, p50, p99, cpu, failures }) => [
    name,
    requestsPerSecond.toFixed(0),
    p50.toFixed(1),
    p99.toFixed(1),
    cpu.toFixed(0),
    String(failures),
  ]);
  const lines = [COLUMNS, ...rows].map(([name, ...figures]) =>
    [name!.padEnd(8), ...figures.map((figure) => figure.padStart(WIDTH))].join(' '),
  );
  const [first, second] = means;
  const ratio = (first!.requestsPerSecond / second!.requestsPerSecond).toFixed(2);
  const cpuRatio = (second!.cpu / first!.cpu).toFixed(2);
  return [title, ...lines, `ratio ${first!.name}/${second!.name}: ${ratio} (by CPU time ${cpuRatio})`].join(
    '\n',
  );
}

function meanOf(rounds: readonly Round[]) {
  const mean = (member: keyof Round): number =>
    rounds.reduce((sum, round) => sum + round[member], 0) / rounds.length;
  return {
    requestsPerSecond: mean('requestsPerSecond'),
    p50: mean('p50'),
    p99: mean('p99'),
    cpu: mean('cpu'),
    failures: rounds.reduce((sum, { failures }) => sum + failures, 0),
  };
}
