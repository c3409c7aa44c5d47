import type { LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';
import type { Configuration } from '../config/configuration.js';

/** The process's one log: JSON lines on standard output, readable text where a developer watches (a TTY). */
export function createLog({ environment }: Pick<Configuration, 'environment'>, level = 'info'): Logger {
  const bare = { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime };
  if (environment === 'production' || !process.stdout.isTTY || !isInstalled('pino-pretty'))
    return pino(bare, pino.destination({ dest: 1, sync: false }));
  return pino({
    ...bare,
    transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss', ignore: 'pid,hostname' } },
  });
}

/** The image lacks the packages for development, also where it runs with NODE_ENV=development. */
function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Where Nest reports a start that failed: `main.ts` reports it too, as a sentence. */
const FAILED_START = new Set<unknown>(['ExceptionHandler', 'NestApplication']);

/** Where Nest names each module and route as it starts. */
const BOOT = new Set<unknown>([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Writes what goes to Nest's `Logger` to the same log, Nest's own reports of its start at debug. */
export class NestLog implements LoggerService {
  constructor(private readonly sink: Logger) {}

  log(message: unknown, context?: string): void {
    this.sink[BOOT.has(context) ? 'debug' : 'info']({ context }, String(message));
  }

  /** Nest gives a stack, if there is one, and the context last. */
  error(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    const [stack] = rest.slice(0, -1);
    const level = FAILED_START.has(context) ? 'debug' : 'error';
    this.sink[level]({ context, ...(stack !== undefined && { stack }) }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.sink.warn({ context }, String(message));
  }

  debug(message: unknown, context?: string): void {
    this.sink.debug({ context }, String(message));
  }

  verbose(message: unknown, context?: string): void {
    this.sink.trace({ context }, String(message));
  }
}
