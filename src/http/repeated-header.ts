import type { IncomingMessage } from 'node:http';

/**
 * Whether a request has the header, named in lower case, more than once. Node keeps the first of several and drops the
 * rest, while a proxy in front may have looked at another one.
 */
export function isRepeated({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, header: string): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === header.length && name.toLowerCase() === header) count += 1;
  }
  return count > 1;
}
