import { baseUrlProblem, toBaseUrl } from './addresses.js';
import { APP_ID_FORM, appIdProblem } from './app-rules.js';
import { fieldOfApp } from './app-settings.js';
import type { RemotePassageSettings } from './configuration.js';
import { redact } from './redaction.js';
import { Required, type Rule, Setting, Variables } from './variables.js';

const BASE_URL =
  'Set PASSAGE_BASE_URL to the https address of the provider’s Flex routes up to and including /v1, such as ' +
  'https://passkeys.example.com/v1';
const API_KEY = 'Set PASSAGE_API_KEY to the key of that app at the provider';

const baseUrl: Rule<RemotePassageVariables> = (text, { env }) => {
  const problem =
    baseUrlProblem(text, 'loopback outside production', !env.isProduction) ??
    (/\/v1\/*$/.test(new URL(text).pathname) ? undefined : ': this one ends elsewhere');
  return problem === undefined ? undefined : `${BASE_URL}${problem}.`;
};

const apiKey: Rule<unknown> = (text) =>
  /^[\x21-\x7e]{1,1024}$/.test(text)
    ? undefined
    : `${API_KEY}: 1 to 1024 printable ASCII characters without spaces.`;

/** Where another server keeps the passkeys; its key may have any form that fits into a header. */
export class RemotePassageVariables extends Variables<RemotePassageSettings> {
  @Required(`${BASE_URL}.`)
  @Setting(baseUrl)
  PASSAGE_BASE_URL?: string;

  @Required(`Set PASSAGE_APP_ID to the app’s id at the provider: ${APP_ID_FORM}.`)
  @Setting(fieldOfApp(appIdProblem))
  PASSAGE_APP_ID?: string;

  @Required(`${API_KEY}.`)
  @Setting(apiKey, { isSecret: true })
  PASSAGE_API_KEY?: string;

  toSettings(): RemotePassageSettings {
    return redact(
      {
        mode: 'remote',
        baseUrl: toBaseUrl(this.PASSAGE_BASE_URL!),
        appId: this.PASSAGE_APP_ID!,
        apiKey: this.PASSAGE_API_KEY!,
      },
      'apiKey',
    );
  }
}
