import { type Client, Connection, type ConnectionConfig } from 'pg';

const PATIENCE = 1_000; // ms

/** What pg's types leave out: what a server, or PgBouncer, gives a connection to be cancelled by. */
interface Cancellable {
  readonly host: string;
  readonly port: number;
  readonly ssl: unknown;
  readonly processID: number;
  readonly secretKey: number;
}

/** And that a connection can ask for it. */
interface Canceller {
  connect(portOrPath: number | string, host?: string): void;
  cancel(processId: number, secretKey: number): void;
}

/**
 * Asks the server to cancel the statement that runs on a connection, by a second one as the protocol has it (§54.2.9), which
 * PgBouncer passes on. Does not wait, and throws nothing.
 */
export function cancelStatement(client: Client): void {
  const { host, port, ssl, processID, secretKey } = client as unknown as Cancellable;
  const connection = new Connection({ ssl } as ConnectionConfig);
  const canceller = connection as unknown as Canceller;
  connection.on('error', () => undefined);
  connection.once(ssl ? 'sslconnect' : 'connect', () => canceller.cancel(processID, secretKey));
  // The server answers by closing the connection.
  setTimeout(() => connection.stream.destroy(), PATIENCE).unref();
  if (host.startsWith('/')) canceller.connect(`${host}/.s.PGSQL.${port}`);
  else canceller.connect(port, host);
}
