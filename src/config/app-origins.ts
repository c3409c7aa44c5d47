import { isIP } from 'node:net';
import { type EnvironmentReader, splitList } from './environment-reader.js';
import { isWithin } from './relying-party-id.js';

const EXAMPLE = 'such as https://www.example.com,https://account.example.com';

/** `APP_ORIGINS`: exact origins, each once, https or http on `localhost` and below. */
export function readAppOrigins(reader: EnvironmentReader): readonly string[] | undefined {
  const text = reader.text('APP_ORIGINS');
  if (text === undefined) return undefined;
  const origins = splitList(text);
  let isGood = true;
  origins.forEach((origin, index) => {
    const problem = findProblem(origin);
    if (problem === undefined) return;
    isGood = false;
    reader.report(`Set entry ${index + 1} of APP_ORIGINS to ${problem}.`);
  });
  if (isGood && new Set(origins).size < origins.length) {
    return reader.report('Set APP_ORIGINS to a list that names each origin once.');
  }
  return isGood ? origins : undefined;
}

function findProblem(text: string): string | undefined {
  if (text.startsWith('android:'))
    return 'the https origin of a website: apps’ android: origins are not supported';
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return `an origin, ${EXAMPLE}`;
  if (isIP(url.hostname) !== 0 || url.hostname.startsWith('[')) {
    return 'an origin with a host name: browsers have no passkeys for IP addresses';
  }
  if (url.protocol === 'http:' && !isWithin(url.hostname, 'localhost')) {
    return 'an https origin: http is for localhost only';
  }
  return url.origin === text ? undefined : `exactly ${url.origin}`;
}
