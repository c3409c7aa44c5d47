import { readAppOrigins } from './app-origins.js';
import type { AppSettings } from './configuration.js';
import type { EnvironmentReader } from './environment-reader.js';
import { redact } from './redaction.js';
import { isRpId, isWithin } from './relying-party-id.js';

const API_KEY = /^kw_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}$/;
const ID = '1 to 64 letters, digits, hyphens or underscores';
const MAX_NAME = 64; // characters
/** Control characters, line separators and what reverses the text that follows. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u;

/** `APP_*`; whether an app that does not exist yet has all it needs is found out where it is made. */
export function readAppSettings(reader: EnvironmentReader): AppSettings | undefined {
  const id = readId(reader);
  const name = readName(reader);
  const origins = readAppOrigins(reader);
  const rpId = readRpId(reader);
  const apiKey = readApiKey(reader);
  if (origins && rpId !== undefined) reportForeignOrigins(reader, origins, rpId);
  return id === undefined ? undefined : redact({ id, name, origins, rpId, apiKey }, 'apiKey');
}

function readId(reader: EnvironmentReader): string | undefined {
  const id = reader.text('APP_ID');
  if (id === undefined) return reader.reportMissing(`Set APP_ID to the app’s id: ${ID}.`);
  return /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : reader.report(`Set APP_ID to ${ID}.`);
}

function readName(reader: EnvironmentReader): string | undefined {
  const text = reader.text('APP_NAME');
  if (text === undefined) return undefined;
  const name = text.trim();
  const length = [...name].length;
  if (length >= 1 && length <= MAX_NAME && !UNPRINTABLE.test(name)) return name;
  return reader.report(
    `Set APP_NAME to the name that users see, 1 to ${MAX_NAME} characters, no control or bidirectional-override ones.`,
  );
}

function readRpId(reader: EnvironmentReader): string | undefined {
  const text = reader.text('APP_RP_ID');
  if (text === undefined || isRpId(text)) return text;
  return reader.report(
    'Set APP_RP_ID to localhost or to a domain name in lower case that is your own, such as example.com: ' +
      'no IP address, scheme or port, no public suffix such as com or co.uk, in its xn-- form if international.',
  );
}

function readApiKey(reader: EnvironmentReader): string | undefined {
  const text = reader.secret('APP_API_KEY');
  if (text === undefined || API_KEY.test(text)) return text;
  return reader.report(
    'Set APP_API_KEY to kw_<id>_<secret> with an id of 12 letters and digits and a secret of 43 base64url characters.',
  );
}

function reportForeignOrigins(reader: EnvironmentReader, origins: readonly string[], rpId: string): void {
  const foreign = origins.filter((origin) => !isWithin(new URL(origin).hostname, rpId));
  if (foreign.length === 0) return;
  reader.report(
    `Set APP_ORIGINS to origins on ${rpId} or below, or change APP_RP_ID: passkeys of ${rpId} do not work on ` +
      `${foreign.join(', ')}.`,
  );
}
