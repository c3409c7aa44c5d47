import type { IncomingMessage } from 'node:http';

/** Node keeps the first of several and drops the rest, while a proxy in front may have looked at another one. */
export function hasSeveralAuthorizations({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count > 1;
}
