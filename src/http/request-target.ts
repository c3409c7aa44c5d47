import type { IncomingMessage } from 'node:http';

const FLEX_PATH = /^\/(?:v|%76)(?:1|%31)(?:[/?]|%2f|$)/i;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

/** The path and query of a request, also of one that names the whole URL, which RFC 9112 §3.2.2 has servers accept. */
export function originForm({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  const [prefix] = ABSOLUTE_FORM.exec(url) ?? [];
  if (prefix === undefined) return url;
  const rest = url.slice(prefix.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Whether a request is one to the Flex protocol, also if its path is percent-encoded. */
export const isFlexTarget = (target: string): boolean => FLEX_PATH.test(target);
