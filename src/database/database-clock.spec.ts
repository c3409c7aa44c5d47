import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DatabaseClock } from './database-clock.js';

const HOUR = 3_600_000; // ms
const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 22, 12);

/** A database with a clock that runs on, also when this machine's stops, and that counts how often it is asked. */
class Source {
  asked = 0;
  isSilent = false;

  /** @param ahead milliseconds by which it is ahead of this machine's clock at the start. */
  constructor(public ahead = 0) {}

  /** The true time, by the steady clock. */
  get now(): number {
    return START + this.ahead + performance.now();
  }

  readClock(): Promise<number> {
    this.asked += 1;
    return this.isSilent ? Promise.reject(new Error('silent')) : Promise.resolve(this.now);
  }
}

describe('what is known of the database’s clock', () => {
  let warnings: string[];
  beforeEach(() => {
    jest.useFakeTimers({ now: START });
    warnings = [];
    const ignore = () => undefined;
    const warn = (text: unknown) => void warnings.push(String(text));
    Logger.overrideLogger({ log: ignore, warn, error: ignore });
  });
  afterEach(() => {
    jest.useRealTimers();
    Logger.overrideLogger(false);
  });

  const started = async (source: Source) => {
    const clock = new DatabaseClock(source);
    await clock.onApplicationBootstrap();
    return clock;
  };

  it.each([HOUR, -HOUR, 330_000, 0])(
    'is right if the database is %d ms ahead of this machine',
    async (ahead) => {
      const source = new Source(ahead);
      const clock = await started(source);
      await jest.advanceTimersByTimeAsync(30_000);
      expect(clock.now()).toBeCloseTo(source.now);
      expect(await clock.exactly()).toBeCloseTo(source.now);
      expect(source.asked).toBe(1);
      await clock.onModuleDestroy();
    },
  );

  it('is read at the start and each minute, and not for the ceremonies in between', async () => {
    const source = new Source();
    const clock = await started(source);
    for (let i = 0; i < 100; i++) await clock.exactly();
    expect(source.asked).toBe(1);
    await jest.advanceTimersByTimeAsync(3 * MINUTE);
    expect(source.asked).toBe(4);
    await clock.onModuleDestroy();
    await jest.advanceTimersByTimeAsync(3 * MINUTE);
    expect(source.asked).toBe(4);
  });

  it('stays right when the clock of this machine is set after it was read, and is read anew once', async () => {
    const source = new Source();
    const clock = await started(source);
    jest.setSystemTime(START + HOUR);
    expect(clock.now()).toBeCloseTo(source.now);
    for (let i = 0; i < 3; i++) expect(await clock.exactly()).toBeCloseTo(source.now);
    expect(source.asked).toBe(2);
    await clock.onModuleDestroy();
  });

  it('is right again at once after this machine slept, while its steady clock stood still', async () => {
    const source = new Source();
    const clock = await started(source);
    source.ahead += HOUR;
    jest.setSystemTime(Date.now() + HOUR);
    expect(await clock.exactly()).toBeCloseTo(source.now);
    await clock.onModuleDestroy();
  });

  it('is never ahead of a database that took a while to answer', async () => {
    const source = new Source();
    const readClock = async () => {
      const now = await source.readClock();
      await jest.advanceTimersByTimeAsync(500);
      return now;
    };
    const clock = new DatabaseClock({ readClock });
    await clock.onApplicationBootstrap();
    expect(source.now - clock.now()).toBeCloseTo(500);
    await clock.onModuleDestroy();
  });

  it('keeps the last reading while the database does not answer, without a failure', async () => {
    const source = new Source(HOUR);
    const clock = await started(source);
    source.isSilent = true;
    await jest.advanceTimersByTimeAsync(2 * MINUTE);
    jest.setSystemTime(START);
    expect(await clock.exactly()).toBeCloseTo(source.now);
    await clock.onModuleDestroy();
  });

  it('cannot be had without a database at the start', async () => {
    const source = new Source();
    source.isSilent = true;
    await expect(started(source)).rejects.toThrow('silent');
  });

  it.each([
    [31_000, "This machine's clock is 31 s behind the database"],
    [-HOUR, "This machine's clock is 3600 s ahead of the database"],
  ])('is warned of once if it differs by %d ms', async (ahead, warning) => {
    const source = new Source(ahead);
    const clock = await started(source);
    await jest.advanceTimersByTimeAsync(3 * MINUTE);
    expect(warnings).toEqual([expect.stringContaining(warning)]);
    source.ahead = 0;
    await jest.advanceTimersByTimeAsync(MINUTE);
    source.ahead = ahead;
    await jest.advanceTimersByTimeAsync(MINUTE);
    expect(warnings).toHaveLength(2);
    await clock.onModuleDestroy();
  });

  it('is not warned of if it differs by 29 s', async () => {
    const clock = await started(new Source(29_000));
    expect(warnings).toEqual([]);
    await clock.onModuleDestroy();
  });
});
