import {
  APP_ID_FORM,
  appIdProblem,
  appNameProblem,
  type AppRule,
  listProblems,
  originsOutside,
  rpIdProblem,
  tidyAppName,
  webOriginProblem,
} from './app-rules.js';
import { API_KEY_SCOPES, type ApiKeyScope, type AppSettings } from './configuration.js';
import { splitList } from './environment.js';
import { redact } from './redaction.js';
import { Required, type Rule, Setting, Together, Variables } from './variables.js';

const API_KEY = /^kw_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}$/;
const API_KEY_SENTENCE =
  'Set APP_API_KEY to kw_<id>_<secret> with an id of 12 letters and digits and a secret of 43 base64url characters.';

const SCOPES: readonly string[] = API_KEY_SCOPES;

const scopesIn = (text: string | undefined): readonly ApiKeyScope[] | undefined =>
  text === 'none' ? [] : (text && (splitList(text) as ApiKeyScope[])) || undefined;

/** A setting that is a field of an app. */
export const fieldOfApp =
  (problemOf: AppRule): Rule<unknown> =>
  (text, _group, name) => {
    const problem = problemOf(text);
    return problem === undefined ? undefined : `Set ${name} to ${problem}.`;
  };

const originsRule: Rule<unknown> = (text, _group, name) =>
  listProblems(name, splitList(text), webOriginProblem);

/** The app of the user's API; whether one that does not exist yet has all it needs is found out where it is made. */
@Together<AppVariables>(({ APP_RP_ID, APP_ORIGINS }) => {
  if (APP_RP_ID === undefined || APP_ORIGINS === undefined) return undefined;
  const origins = splitList(APP_ORIGINS);
  if (rpIdProblem(APP_RP_ID) !== undefined || listProblems('', origins, webOriginProblem).length > 0) {
    return undefined;
  }
  const outside = originsOutside(origins, APP_RP_ID);
  if (outside.length === 0) return undefined;
  return (
    `Set APP_ORIGINS to origins on ${APP_RP_ID} or below, or change APP_RP_ID: passkeys of ${APP_RP_ID} do not work on ` +
    `${outside.join(', ')}.`
  );
})
export class AppVariables extends Variables<AppSettings> {
  @Required(`Set APP_ID to the app’s id: ${APP_ID_FORM}.`)
  @Setting(fieldOfApp(appIdProblem))
  APP_ID?: string;

  @Setting(fieldOfApp(appNameProblem))
  APP_NAME?: string;

  @Setting(originsRule)
  APP_ORIGINS?: string;

  @Setting(fieldOfApp(rpIdProblem))
  APP_RP_ID?: string;

  @Setting((text) => (API_KEY.test(text) ? undefined : API_KEY_SENTENCE), { isSecret: true })
  APP_API_KEY?: string;

  @Setting<AppVariables>((text, { APP_API_KEY }) => {
    if (APP_API_KEY === undefined)
      return 'Unset APP_API_KEY_SCOPES, or set APP_API_KEY: the scopes are for that key.';
    return text === 'none' || splitList(text).every((it) => SCOPES.includes(it))
      ? undefined
      : `Set APP_API_KEY_SCOPES to a comma list of ${SCOPES.join(', ')}, or to none.`;
  })
  APP_API_KEY_SCOPES?: string;

  toSettings(): AppSettings {
    const { APP_ID: id, APP_NAME: name, APP_ORIGINS: text, APP_RP_ID: rpId, APP_API_KEY: apiKey } = this;
    const origins = text === undefined ? undefined : splitList(text);
    const tidyName = name === undefined ? undefined : tidyAppName(name);
    const apiKeyScopes = scopesIn(this.APP_API_KEY_SCOPES);
    return redact({ id: id!, name: tidyName, origins, rpId, apiKey, apiKeyScopes }, 'apiKey');
  }
}
