import { parseBaseUrl } from '../../packages/browser/src/base-url.js';

const PAGE = 'https://shop.example';

describe('the base URL of the client for browsers', () => {
  it.each([
    ['/v1', '/v1'],
    ['/passkeys/v1//', '/passkeys/v1'],
    ['/passkeys/../v1', '/v1'],
    ['https://host.example/v1/', 'https://host.example/v1'],
    ['HTTPS://Host.Example:443/a/../v1', 'https://host.example/v1'],
    ['\u0001https://host.example/v1', 'https://host.example/v1'],
    ['http://localhost:3000/v1', 'http://localhost:3000/v1'],
  ])('%j is normalized to %s', (text, url) => {
    expect(parseBaseUrl(text)).toBe(url);
  });

  it.each([
    '/v1#',
    '/v1?',
    ' /v1',
    '/v1\n',
    ' https://host.example/v1 ',
    'https://host.example/v1#',
    'https://host.example/v1?',
    'https://evil.example\\@host.example/v1',
    'https://user:word@host.example/v1',
  ])('%j is refused, because it is more than an origin and a path', (text) => {
    expect(() => parseBaseUrl(text)).toThrow(/^baseUrl must /);
  });

  it.each([
    '//evil.example/v1',
    '/\t/evil.example/v1',
    '/\\evil.example/v1',
    '/.//evil.example/v1',
    '/v1/..//evil.example/v1',
    '/%2e%2e//evil.example/v1',
    '///evil.example/v1',
  ])('%j is refused, because it could lead to another server than the page’s', (text) => {
    expect(() => new URL(`${parseBaseUrl(text)}/apps/shop`, PAGE)).toThrow(/^baseUrl must /);
  });
});
