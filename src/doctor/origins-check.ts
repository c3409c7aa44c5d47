import type { PassageSettings } from '../config/configuration.js';
import { type Finding, findingsOf } from './finding.js';
import { ask, cannotTell, type WebAnswer, type WebProblem, type WebTerms } from './web.js';

const SOON = 14 * 86_400_000; // ms before a certificate ends

/** Whether browsers find Keyway at `PUBLIC_URL`: name, certificate, and what the proxy passes on. */
export async function checkPublicUrl(publicUrl: string, terms: WebTerms): Promise<Finding[]> {
  const { ok, fail, warn } = findingsOf('public-url');
  const url = new URL(`${publicUrl}/health/live`);
  const answer = await ask(url, terms);
  if (answer.kind !== 'answer') return [unanswered('public-url', url, answer)];
  if (isKeyway(answer)) {
    return [endingSoon(answer) ? warn(soon(url, answer)) : ok(`${publicUrl} is Keyway.`)];
  }
  return [
    fail(
      `${url.href} answers ${answer.status}, and not as Keyway does: start the service, and let the proxy pass requests ` +
        `for ${publicUrl} on to it, without the path of PUBLIC_URL.`,
    ),
  ];
}

/** Whether the pages of the apps have a name and a certificate that browsers accept; what they answer does not matter. */
export const checkOrigins = (origins: readonly string[], terms: WebTerms): Promise<Finding[]> =>
  Promise.all(origins.map((origin) => checkOrigin(new URL(origin), terms)));

/** In remote mode: whether the other server is reached, and has the app. */
export async function checkProvider(passage: PassageSettings, terms: WebTerms): Promise<Finding[]> {
  if (passage.mode !== 'remote') return [];
  const { ok, fail } = findingsOf('provider');
  const url = new URL(`${passage.baseUrl}/apps/${encodeURIComponent(passage.appId)}`);
  const answer = await ask(url, terms);
  if (answer.kind !== 'answer') return [unanswered('provider', url, answer)];
  return [
    answer.status === 200
      ? ok(`The passkey provider at ${passage.baseUrl} has the app ${passage.appId}.`)
      : fail(`${url.href} answers ${answer.status}: set PASSAGE_BASE_URL and PASSAGE_APP_ID to its own.`),
  ];
}

async function checkOrigin(origin: URL, terms: WebTerms): Promise<Finding> {
  const { ok, warn } = findingsOf('origin');
  const answer = await ask(origin, terms);
  if (answer.kind !== 'answer') return unanswered('origin', origin, answer);
  return endingSoon(answer)
    ? warn(soon(origin, answer))
    : ok(`${origin.origin} answers${answer.certificateEnds ? ', with a certificate that is accepted' : ''}.`);
}

/** Of a server that gave no answer: what that says, and how sure it is. */
export function unanswered(check: string, url: URL, problem: WebProblem): Finding {
  const { warn, fail } = findingsOf(check);
  const { host } = url;
  switch (problem.kind) {
    case 'unknown_name':
      return fail(`${host} has no address in DNS: correct the name, or add it to DNS.`);
    case 'bad_certificate':
      return fail(
        `The certificate of ${host} is not accepted (${problem.code}): give it one that browsers accept. For an authority ` +
          'of your own, set NODE_EXTRA_CA_CERTS.',
      );
    case 'refused_address':
      return fail(
        `${host} has an address that is neither public nor private, to which nothing is sent: correct DNS.`,
      );
    case 'hidden':
      return warn(cannotTell(url, problem));
  }
}

function isKeyway({ text }: WebAnswer): boolean {
  try {
    const { status } = JSON.parse(text ?? '') as { readonly status?: unknown };
    return status === 'ok' || status === 'unavailable';
  } catch {
    return false;
  }
}

const endingSoon = ({ certificateEnds }: WebAnswer): boolean =>
  certificateEnds !== null && certificateEnds.getTime() - Date.now() < SOON;

const soon = ({ host }: URL, { certificateEnds }: WebAnswer): string =>
  `The certificate of ${host} ends on ${certificateEnds!.toISOString().slice(0, 10)}: renew it.`;
