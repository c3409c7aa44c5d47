import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApplication } from './application.js';
import type { Configuration, HttpSettings } from './config/configuration.js';
import { loadEnvFile } from './config/environment.js';
import {
  ignoredNames,
  insecureKeys,
  loadConfiguration,
  reachableNetworks,
} from './config/load-configuration.js';
import { awaitDatabase } from './database/await-database.js';
import { Readiness } from './health/readiness.js';
import { StandIn } from './health/stand-in.js';
import { createLog } from './http/log.js';

const DRAIN = 5_000; // ms that load balancers are given to notice
const SHUTDOWN_LIMIT = 25_000; // ms
const SAME_SIGNAL = 1_000; // ms; Ctrl-C reaches a child of npm twice, from the terminal and from npm

/** What a signal does; until there is something to finish, it ends the process. */
let stop = (): void => process.exit(0);

async function start(): Promise<void> {
  loadEnvFile();
  const configuration = loadConfiguration();
  const log = createLog(configuration);
  const ignored = ignoredNames();
  if (ignored !== undefined) log.warn(ignored);
  const insecure = insecureKeys(configuration);
  if (insecure !== undefined) log.warn(insecure);
  const reachable = reachableNetworks(configuration);
  if (reachable !== undefined) log.warn(reachable);
  const { database, http } = configuration;
  const standIn = new StandIn(log);
  const onWait = ({ message }: Error): Promise<void> => {
    log.warn(`Keyway waits for its database for a minute. ${message}`);
    return atItsPort(http, () => standIn.listen(http));
  };
  await awaitDatabase(database, { onWait });
  const application = await createApplication(configuration, log);
  await standIn.close();
  await atItsPort(http, () => application.listen(http.port, http.host));
  const { port } = application.getHttpServer().address() as AddressInfo;
  log.info(greeting(configuration, port));
  stop = () => {
    const begun = Date.now();
    stop = () => {
      if (Date.now() - begun > SAME_SIGNAL) process.exit(1);
    };
    log.info('Keyway stops when the requests in flight are answered; a second signal ends it at once');
    shutDown(application, configuration).catch((error: unknown) => {
      log.error(error, 'Keyway did not stop cleanly');
      process.exit(1);
    });
  };
}

/** Throws a sentence if the address is taken, or not this machine's. */
async function atItsPort({ host, port }: HttpSettings, listen: () => Promise<unknown>): Promise<void> {
  try {
    await listen();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new Error(
      `Keyway cannot listen on ${host}:${port} (${code}): set HOST to an address of this machine and PORT to a free port.`,
      { cause },
    );
  }
}

/** Refuses new traffic first, finishes what is in flight, then ends with success; with failure past the limit. */
async function shutDown(application: NestFastifyApplication, { environment }: Configuration): Promise<void> {
  const tooLate = new Promise<never>((_resolve, reject) => {
    setTimeout(reject, SHUTDOWN_LIMIT, new Error(`not within ${SHUTDOWN_LIMIT} ms`)).unref();
  });
  application.get(Readiness).drain();
  if (environment === 'production') await new Promise((resolve) => setTimeout(resolve, DRAIN));
  await Promise.race([application.close(), tooLate]);
  process.exit(0);
}

const greeting = ({ demo, http }: Configuration, port: number): string =>
  demo
    ? `The Keyway demo is at ${http.publicUrl} (embedded database, made-up users, this machine only)`
    : `Keyway listens on ${http.host}:${port}`;

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop());

start().catch((error: Error) => {
  process.stderr.write(`Keyway cannot start.\n${error.message}\n`);
  process.exit(1);
});
