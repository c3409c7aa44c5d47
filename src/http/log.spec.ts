import { execFileSync } from 'node:child_process';
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.js';
import { logTo, NestLog } from './log.js';

@Controller('doors')
class DoorsController {
  @Get()
  open() {
    new Logger('Doors').log('The door is open');
    return {};
  }
}

@Module({ controllers: [DoorsController] })
class DoorsModule {}

/** The lines of a Nest application that starts, answers one request and stops, in a log of this level. */
async function linesAt(level: string): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const sink = pino({ level }, { write: (line: string) => void lines.push(line) });
  const app = await NestFactory.create(DoorsModule, new FastifyAdapter(), { logger: new NestLog(sink) });
  await app.init();
  await (app.getHttpAdapter() as FastifyAdapter).inject({ url: '/doors' });
  await app.close();
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('NestLog', () => {
  afterEach(() => {
    Logger.overrideLogger(false);
  });

  it('writes at info what the service logs, without the start-up lines of Nest', async () => {
    expect(await linesAt('info')).toMatchObject([{ level: 30, context: 'Doors', msg: 'The door is open' }]);
  });

  it('writes the start-up lines of Nest at debug', async () => {
    const contexts = (await linesAt('debug'))
      .filter(({ level }) => level === 20)
      .map(({ context }) => context);
    expect(contexts).toEqual(
      expect.arrayContaining([
        'NestFactory',
        'InstanceLoader',
        'RoutesResolver',
        'RouterExplorer',
        'NestApplication',
      ]),
    );
  });
});

describe('a log whose reader stalls', () => {
  const LINES = 20_000;
  const TEXT = 'x'.repeat(1_000);
  let directory: string;
  let fd: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'keyway-log-'));
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    fd = openSync(join(directory, 'pipe'), 'r+'); // A reader of its own, so that opening does not wait for one.
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });

  it('keeps 8 MiB, drops the rest, and tells how many lines are missing where they are', async () => {
    const log = logTo(fd);
    for (let n = 1; n <= LINES; n++) log.info({ n, text: TEXT });
    const lines: { n?: number; dropped?: number; level: number }[] = [];
    const pipe = createReadStream(join(directory, 'pipe'));
    createInterface(pipe).on('line', (line) => lines.push(JSON.parse(line) as (typeof lines)[number]));
    await eventually(() => expect(lines.some(({ dropped }) => dropped !== undefined)).toBe(true));
    log.info({ n: LINES + 1 });
    await eventually(() => expect(lines.at(-1)).toMatchObject({ n: LINES + 1 }));
    const kept = lines.length - 2;
    expect(kept * TEXT.length).toBeLessThan(9 * 1024 * 1024);
    expect(kept * TEXT.length).toBeGreaterThan(7 * 1024 * 1024);
    expect(lines.slice(0, kept).map(({ n }) => n)).toEqual(Array.from({ length: kept }, (_, i) => i + 1));
    expect(lines[kept]).toMatchObject({ level: 40, dropped: LINES - kept });
    pipe.destroy();
  });
});
