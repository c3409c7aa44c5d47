import type { LoggerService } from '@nestjs/common';
import { type Logger, type LoggerOptions, pino } from 'pino';
import type { Configuration } from '../config/configuration.js';

const MAX_UNREAD = 8 * 1024 * 1024; // bytes, of some 30,000 requests

/** The process's one log: JSON lines on standard output, readable text where a developer watches (a TTY). */
export function createLog({ environment }: Pick<Configuration, 'environment'>, level = 'info'): Logger {
  const bare = { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime };
  if (environment === 'production' || !process.stdout.isTTY || !isInstalled('pino-pretty'))
    return logTo(1, bare);
  return pino({
    ...bare,
    transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss', ignore: 'pid,hostname' } },
  });
}

/**
 * A log on a file descriptor that never waits for its reader. Of one that stalls, lines beyond 8 MiB are dropped, and counted:
 * once it reads again, a warning stands where they are missing.
 */
export function logTo(fd: number, options: LoggerOptions = {}): Logger {
  const destination = pino.destination({ dest: fd, sync: false, maxLength: MAX_UNREAD });
  const log = pino(options, destination);
  let dropped = 0;
  const tell = (): void => {
    if (dropped === 0) return;
    const count = dropped;
    dropped = 0;
    log.warn({ dropped: count }, 'Lines of the log were dropped: its reader is too slow');
    if (dropped > 0) dropped = count; // There was no room for this one either.
  };
  destination.on('drop', () => (dropped += 1));
  destination.on('write', () => process.nextTick(tell)); // By then what was written has made room.
  return log;
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
