import { PassageError } from './passage-error.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The server's base URL without a trailing slash. Throws a sentence unless it is a path of the page's own server or
 * an absolute https URL (http on localhost only), and ends with `/v1`.
 */
export function parseBaseUrl(baseUrl: unknown): string {
  if (typeof baseUrl !== 'string' || baseUrl === '') {
    throw invalidBaseUrl('is required: the URL of your server’s /v1, such as https://host/v1');
  }
  const text = baseUrl.replace(/\/+$/, '');
  const url = parse(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname))) {
    throw invalidBaseUrl('must be https; http is accepted for localhost only');
  }
  if (url.username || url.password || url.search || url.hash || !url.pathname.endsWith('/v1')) {
    throw invalidBaseUrl(
      'must end with /v1, the root of the Flex routes, without credentials, query or fragment',
    );
  }
  return text;
}

/** A path is completed by the browser when it is asked for: there is no page yet while a server renders. */
function parse(text: string): URL {
  try {
    return /^\/[^/\\]/.test(text) ? new URL(text, 'https://page.invalid') : new URL(text);
  } catch {
    throw invalidBaseUrl('must be an absolute URL, or a path that begins with a slash');
  }
}

function invalidBaseUrl(what: string): PassageError {
  return new PassageError('invalid_argument', `baseUrl ${what}.`);
}
