import { PassageError } from './passage-error.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Stands for the page's origin: there is no page yet while a server renders. */
const PAGE = 'https://page.invalid';

/**
 * The server's base URL without a trailing slash: origin and path, or the path alone where the page's own server is
 * meant. Throws a sentence unless it is such a path or an absolute https URL (http on localhost only), and ends with
 * `/v1`.
 */
export function parseBaseUrl(baseUrl: unknown): string {
  if (typeof baseUrl !== 'string' || baseUrl === '') {
    throw invalidBaseUrl('is required: the URL of your server’s /v1, such as https://host/v1');
  }
  if (/[?#\s\\]/.test(baseUrl)) {
    throw invalidBaseUrl('must have no query, fragment, white space or backslash');
  }
  const isPath = baseUrl.startsWith('/');
  const url = parse(baseUrl, isPath ? PAGE : undefined);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname))) {
    throw invalidBaseUrl('must be https; http is accepted for localhost only');
  }
  const path = url.pathname.replace(/\/+$/, '');
  if (url.username || url.password || !path.endsWith('/v1')) {
    throw invalidBaseUrl('must end with /v1, the root of the Flex routes, and have no credentials');
  }
  if (!isPath) return url.origin + path;
  // Two slashes name a host, and they may have been brought together: `/..//host/v1` is `//host/v1`.
  if (url.origin !== PAGE || path.startsWith('//')) throw notAbsolute();
  return path;
}

function parse(text: string, base?: string): URL {
  try {
    return new URL(text, base);
  } catch {
    throw notAbsolute();
  }
}

const notAbsolute = () => invalidBaseUrl('must be an absolute URL, or a path on the page’s own server');

function invalidBaseUrl(what: string): PassageError {
  return new PassageError('invalid_argument', `baseUrl ${what}.`);
}
