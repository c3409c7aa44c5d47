import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { NestLog } from './log.js';

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
