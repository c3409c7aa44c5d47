import { createApplication } from './application.js';
import type { Configuration } from './config/configuration.js';
import { loadConfiguration } from './config/load-configuration.js';
import { Readiness } from './health/readiness.js';
import { createLog } from './http/log.js';

const DRAIN = 5_000; // ms that load balancers are given to notice
const SHUTDOWN_LIMIT = 25_000; // ms

async function start(): Promise<void> {
  const configuration = loadConfiguration();
  const log = createLog();
  const application = await createApplication(configuration, log);
  await application.listen(configuration.http.port, configuration.http.host);
  log.info(greeting(configuration));
  const stop = (signal: NodeJS.Signals): void => {
    process.once(signal, () => process.exit(1));
    void shutDown(
      configuration,
      () => application.get(Readiness).drain(),
      () => application.close(),
    );
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

/** Refuses new traffic first, finishes what is in flight, then ends with success. */
async function shutDown(
  { environment }: Configuration,
  drain: () => void,
  close: () => Promise<void>,
): Promise<void> {
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT).unref();
  drain();
  if (environment === 'production') await new Promise((resolve) => setTimeout(resolve, DRAIN));
  await close();
  process.exit(0);
}

const greeting = ({ demo, http }: Configuration): string =>
  demo
    ? `The Keyway demo is at ${http.publicUrl} (embedded database, made-up users, this machine only)`
    : `Keyway listens on ${http.host}:${http.port}`;

start().catch((error: Error) => {
  process.stderr.write(`Keyway cannot start.\n${error.message}\n`);
  process.exit(1);
});
