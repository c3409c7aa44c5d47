/** Which server connections go to, as libpq's `target_session_attrs` has it. */
export type WantedServer = 'any' | 'read-write' | 'primary';

/** Where PostgreSQL is. */
export interface DatabaseAddress {
  /** The address of each server by itself, in the order in which they are tried; never empty. */
  readonly urls: readonly string[];
  readonly wanted: WantedServer;
}

const WANTED: readonly string[] = ['any', 'read-write', 'primary'] satisfies WantedServer[];

/** Scheme and user; hosts; the rest. A comma may also stand in the password. */
const PARTS = /^([^/?#]*:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s;

/** What is wrong with a database's address, as a noun phrase of what it should be; undefined if nothing is. */
export function addressProblem(text: string): string | undefined {
  const urls = urlsOf(text);
  if (urls === null) return 'an address that has one port, or one for each of its hosts';
  const problem = urls.map(urlProblem).find((it) => it !== undefined);
  if (problem !== undefined) return problem;
  const wanted = wantedBy(urls[0]!);
  return wanted === null || WANTED.includes(wanted)
    ? undefined
    : 'an address of which target_session_attrs is read-write, primary or any, as Keyway writes';
}

/** Reads an address that has no problem: `postgresql://user:password@a:5432,b:5432/name?target_session_attrs=primary`. */
export function readDatabaseAddress(text: string): DatabaseAddress {
  const given = urlsOf(text) ?? [];
  const wanted = wantedBy(given[0]!) ?? (given.length > 1 ? 'read-write' : 'any');
  return { urls: given.map(withoutWanted), wanted: wanted as WantedServer };
}

const wantedBy = (url: string): string | null => new URL(url).searchParams.get('target_session_attrs');

function withoutWanted(text: string): string {
  const url = new URL(text);
  url.searchParams.delete('target_session_attrs');
  return url.href;
}

/** One address for each host, of which there may be several, as in libpq; null if there is another number of ports. */
function urlsOf(text: string): string[] | null {
  const [, start, hosts = '', rest] = PARTS.exec(text) ?? [];
  if (hosts.includes(',')) return hosts.split(',').map((host) => `${start}${host}${rest}`);
  const url = URL.parse(text);
  const names = url?.searchParams.get('host')?.split(',') ?? [];
  if (!url || names.length < 2) return [text];
  const ports = url.searchParams.get('port')?.split(',') ?? [];
  if (ports.length > 1 && ports.length !== names.length) return null;
  return names.map((name, index) => {
    const one = new URL(url);
    one.searchParams.set('host', name);
    if (ports.length > 0) one.searchParams.set('port', ports[index] ?? ports[0]!);
    return one.href;
  });
}

function urlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) return 'a postgresql:// address';
  if (!url.hostname && !url.searchParams.get('host'))
    return 'an address with a host or the directory of a socket';
  if (url.pathname.length < 2) return 'an address that ends in the name of a database';
  try {
    decodeURIComponent(url.username + url.password + url.hostname + url.pathname);
    return undefined;
  } catch {
    return 'an address in which every % of user name, password and database name is written as %25';
  }
}
