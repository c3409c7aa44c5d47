import { Logger } from '@nestjs/common';
import type { PostgresSettings } from '../config/configuration.js';
import { readDatabaseAddress, type WantedServer } from '../config/database-address.js';
import { readUrlFile } from '../config/database-settings.js';

/** What Keyway reads of an address, and no server is to be told when a connection starts: PgBouncer would refuse it. */
const OWN = ['query_timeout', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];

/** User name and password as they stand in a URL. */
type Login = Pick<URL, 'username' | 'password'>;

/**
 * The servers that a database may be on, and the login for them. All connections of a process share it, so that what one of
 * them finds out the next ones know.
 */
export class PostgresServers {
  readonly wanted: WantedServer;
  /** What the address says after its `?`. */
  readonly parameters: URLSearchParams;
  /** Host, port and database, such as `db.example.com:5432/keyway`. */
  readonly place: string;
  private readonly log = new Logger('Database');
  private readonly urls: readonly URL[];
  private readonly urlFile: string | undefined;
  private latest: URL;
  private current: Login;

  constructor({ url, urlFile }: Pick<PostgresSettings, 'url' | 'urlFile'>) {
    const { urls, wanted } = readDatabaseAddress(url);
    this.wanted = wanted;
    this.urlFile = urlFile;
    this.urls = urls.map((it) => new URL(it));
    this.current = this.latest = this.urls[0]!;
    this.parameters = new URLSearchParams(this.latest.search);
    this.place = `${this.urls.map(hostOf).join(',')}${this.latest.pathname}`;
    for (const { searchParams } of this.urls) OWN.forEach((name) => searchParams.delete(name));
  }

  /** The name of the database. */
  get database(): string {
    return decodeURIComponent(this.latest.pathname.slice(1));
  }

  /** Each of them, the one that served last first. */
  get inOrder(): URL[] {
    return [this.latest, ...this.urls.filter((it) => it !== this.latest)];
  }

  /** From now on this one is tried first. */
  prefer(server: URL): void {
    this.latest = server;
  }

  /** What connections log in with; another object once it has changed. */
  get login(): Login {
    return this.current;
  }

  /** The address of one of them, with the login of now. */
  addressOf(server: URL): string {
    const url = new URL(server);
    url.username = this.login.username;
    url.password = this.login.password;
    return url.href;
  }

  /** Whether a login may be refused because it is just being changed. */
  get canReadLogin(): boolean {
    return this.urlFile !== undefined;
  }

  /** Takes the login that the file has now; the rest of the address counts from the next start. */
  readLogin(): void {
    const text = this.urlFile && readUrlFile(this.urlFile);
    if (!text) return;
    const read = new URL(readDatabaseAddress(text).urls[0]!);
    if (read.username === this.login.username && read.password === this.login.password) return;
    this.current = read;
    this.log.log('The database refused the login: Keyway uses the one in DATABASE_URL_FILE from now on');
  }
}

const hostOf = (url: URL): string => url.host || (url.searchParams.get('host') ?? '');
