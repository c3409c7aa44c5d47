import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Database } from './database.js';

const EVERY = 60_000; // ms
/** By how much this machine's clock may jump, or differ from the database's, before something is done about it; ms. */
const JUMP = 1_000;
const SKEW = 30_000;

/** What has a clock to be read, in milliseconds since the epoch. */
export type ClockSource = Pick<Database, 'readClock'>;

/** The database's clock when it was read, and both clocks of this process when the answer came; milliseconds. */
interface Reading {
  readonly database: number;
  readonly wall: number;
  readonly steady: number;
}

/**
 * The database's clock, which alone decides what has expired, known without asking for it: it is read at the start and
 * each minute, and carried on by this process's steady clock, so that it does not matter what time this machine believes
 * it is. It is never ahead of the database's, by which a handshake would outlive its lifetime, and behind by no more than
 * an answer takes. Statements that consume something still judge by `now()`.
 */
@Injectable()
export class DatabaseClock implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(DatabaseClock.name);
  private reading: Reading | null = null;
  private underWay: Promise<void> | null = null;
  private isSkewed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(Database) private readonly source: ClockSource) {}

  /** Throws if the database does not answer. */
  async onApplicationBootstrap(): Promise<void> {
    await this.read();
    this.timer = setInterval(() => void this.read().catch(() => undefined), EVERY);
    this.timer.unref();
  }

  /** Waits for the reading under way. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.underWay?.catch(() => undefined);
  }

  /** Milliseconds since the epoch. */
  now(): number {
    // Commands judge nothing, and read no clock.
    if (!this.reading) return Date.now();
    return this.reading.database + (performance.now() - this.reading.steady);
  }

  /**
   * The same, but read anew if this machine's clock has jumped since: it was set, or the machine slept, while the steady
   * clock stood still. Of a database that does not answer the last reading stays.
   */
  async exactly(): Promise<number> {
    if (this.reading) {
      const { wall, steady } = this.reading;
      const jump = Date.now() - wall - (performance.now() - steady);
      if (Math.abs(jump) > JUMP) await this.read().catch(() => undefined);
    }
    return this.now();
  }

  /** One reading at a time, for all who need it. */
  private read(): Promise<void> {
    this.underWay ??= this.readNow().finally(() => {
      this.underWay = null;
    });
    return this.underWay;
  }

  private async readNow(): Promise<void> {
    const database = await this.source.readClock();
    const [wall, steady] = [Date.now(), performance.now()];
    this.reading = { database, wall, steady };
    const skew = wall - database;
    if (Math.abs(skew) > SKEW && !this.isSkewed) {
      const seconds = Math.round(Math.abs(skew) / 1000);
      this.log.warn(
        `This machine's clock is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} the database's: set both by NTP. ` +
          'Ceremonies go by the database’s clock, users’ tokens by this machine’s.',
      );
    }
    this.isSkewed = Math.abs(skew) > SKEW;
  }
}
