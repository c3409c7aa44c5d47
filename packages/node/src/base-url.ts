import { invalidArgument } from './arguments.js';

/** As URLs spell them. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * The server's base URL without a trailing slash. Throws a sentence unless it is an absolute URL that ends with
 * `/v1` and is https; http is for this machine only, as the API key goes with every request.
 */
export function parseBaseUrl(baseUrl: unknown): string {
  if (typeof baseUrl !== 'string' || !URL.canParse(baseUrl)) {
    throw invalidArgument('baseUrl is required: the URL of your server’s /v1, such as https://host/v1.');
  }
  const url = new URL(baseUrl);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    throw invalidArgument('baseUrl must be https; http is accepted for localhost only.');
  }
  const path = url.pathname.replace(/\/+$/, '');
  if (url.username || url.password || url.search || url.hash || !path.endsWith('/v1')) {
    throw invalidArgument(
      'baseUrl must end with /v1, the root of the Flex routes, without credentials, query or fragment.',
    );
  }
  return url.origin + path;
}
