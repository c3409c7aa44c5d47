import { APP_ID_FORM, appIdProblem } from './app-rules.js';
import type { RemotePassageSettings } from './configuration.js';
import type { EnvironmentReader } from './environment-reader.js';
import { isLoopback } from './loopback.js';
import { redact } from './redaction.js';

const BASE_URL =
  'Set PASSAGE_BASE_URL to the https address of the provider’s Flex routes up to and including /v1, such as ' +
  'https://passkeys.example.com/v1';
const API_KEY = 'Set PASSAGE_API_KEY to the key of that app at the provider';

/** `PASSAGE_BASE_URL`, `PASSAGE_APP_ID` and `PASSAGE_API_KEY`; the key may have any form that fits into a header. */
export function readRemotePassageSettings(reader: EnvironmentReader): RemotePassageSettings | undefined {
  const baseUrl = readBaseUrl(reader);
  const appId = readAppId(reader);
  const apiKey = readApiKey(reader);
  if (baseUrl === undefined || appId === undefined || apiKey === undefined) return undefined;
  return redact({ mode: 'remote', baseUrl, appId, apiKey }, 'apiKey');
}

function readBaseUrl(reader: EnvironmentReader): string | undefined {
  const text = reader.text('PASSAGE_BASE_URL');
  if (text === undefined) return reader.reportMissing(`${BASE_URL}.`);
  const url = URL.parse(text);
  const problem = url ? findProblem(url, text, reader.isProduction) : '';
  if (url && problem === undefined) return url.origin + url.pathname.replace(/\/+$/, '');
  return reader.report(`${BASE_URL}${problem}.`);
}

/** How the sentence goes on; undefined if nothing is wrong. */
function findProblem(url: URL, text: string, isProduction: boolean): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return '';
  if (url.protocol === 'http:' && (isProduction || !isLoopback(url.hostname))) {
    return ' (http is for loopback outside production only)';
  }
  if (url.username || url.password) return ', without user name and password';
  if (/[?#]/.test(text)) return ', without a query or a fragment';
  return /\/v1\/*$/.test(url.pathname) ? undefined : ': this one ends elsewhere';
}

function readAppId(reader: EnvironmentReader): string | undefined {
  const id = reader.text('PASSAGE_APP_ID');
  if (id === undefined)
    return reader.reportMissing(`Set PASSAGE_APP_ID to the app’s id at the provider: ${APP_ID_FORM}.`);
  const problem = appIdProblem(id);
  return problem === undefined ? id : reader.report(`Set PASSAGE_APP_ID to ${problem}.`);
}

function readApiKey(reader: EnvironmentReader): string | undefined {
  if (!reader.isGiven('PASSAGE_API_KEY')) return reader.reportMissing(`${API_KEY}.`);
  const key = reader.secret('PASSAGE_API_KEY');
  if (key === undefined || /^[\x21-\x7e]{1,1024}$/.test(key)) return key;
  return reader.report(`${API_KEY}: 1 to 1024 printable ASCII characters without spaces.`);
}
