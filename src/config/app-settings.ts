import { readAppOrigins } from './app-origins.js';
import { APP_ID_FORM, appIdProblem, appNameProblem, rpIdProblem } from './app-rules.js';
import type { AppSettings } from './configuration.js';
import type { EnvironmentReader } from './environment-reader.js';
import { originsOutside } from './origin-rules.js';
import { redact } from './redaction.js';

const API_KEY = /^kw_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}$/;

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
  if (id === undefined) return reader.reportMissing(`Set APP_ID to the app’s id: ${APP_ID_FORM}.`);
  const problem = appIdProblem(id);
  return problem === undefined ? id : reader.report(`Set APP_ID to ${problem}.`);
}

function readName(reader: EnvironmentReader): string | undefined {
  const name = reader.text('APP_NAME')?.trim();
  const problem = name === undefined ? undefined : appNameProblem(name);
  return problem === undefined ? name : reader.report(`Set APP_NAME to ${problem}.`);
}

function readRpId(reader: EnvironmentReader): string | undefined {
  const text = reader.text('APP_RP_ID');
  const problem = text === undefined ? undefined : rpIdProblem(text);
  return problem === undefined ? text : reader.report(`Set APP_RP_ID to ${problem}.`);
}

function readApiKey(reader: EnvironmentReader): string | undefined {
  const text = reader.secret('APP_API_KEY');
  if (text === undefined || API_KEY.test(text)) return text;
  return reader.report(
    'Set APP_API_KEY to kw_<id>_<secret> with an id of 12 letters and digits and a secret of 43 base64url characters.',
  );
}

function reportForeignOrigins(reader: EnvironmentReader, origins: readonly string[], rpId: string): void {
  const foreign = originsOutside(origins, rpId);
  if (foreign.length === 0) return;
  reader.report(
    `Set APP_ORIGINS to origins on ${rpId} or below, or change APP_RP_ID: passkeys of ${rpId} do not work on ` +
      `${foreign.join(', ')}.`,
  );
}
