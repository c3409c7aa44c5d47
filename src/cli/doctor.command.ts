import type { Command } from 'commander';
import type { Finding } from '../doctor/finding.js';
import { OperatorError } from '../errors/operator-error.js';
import { loadEnvFile } from '../config/environment.js';
import { answering } from './answer.js';
import { many } from './format.js';
import { readVersion } from './version.js';

const EXAMPLES = `
Examples:
  keyway doctor
  keyway doctor --json

Run it with the settings of the service, where the service runs. The service need not run, nor be able to start. Each
line is ok, warn or fail; it ends with 1 if any is fail. Nothing is changed, and no secret is shown. docs/doctor.md
explains each check.`;

/** `keyway doctor`. */
export function registerDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('check settings, database, clock, Redis, origins, well-known documents and token keys')
    .addHelpText('after', EXAMPLES);
  answering(command, async () => {
    loadEnvFile();
    const [{ Logger }, { examine }] = await Promise.all([
      import('@nestjs/common'),
      import('../doctor/doctor.js'),
    ]);
    Logger.overrideLogger(false);
    const findings = await examine({ variables: process.env, version: readVersion(), appsIn });
    const failed = findings.filter(({ state }) => state === 'fail').length;
    return {
      text: findings.map(inWords).join('\n'),
      json: { findings },
      failure:
        failed === 0 ? undefined : new OperatorError('checks_failed', `${many(failed, 'check')} failed.`),
    };
  });
}

const appsIn = async (...[database]: Parameters<typeof import('./services.js').openServices>) => {
  const { openServices } = await import('./services.js');
  const { services, close } = await openServices(database);
  return services.apps.list().finally(close);
};

const inWords = ({ state, check, sentence }: Finding): string =>
  `${state.padEnd(4)}  ${check.padEnd(20)}  ${sentence}`;
