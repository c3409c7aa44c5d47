import { getDomainWithoutSuffix } from 'tldts';
import type { StoredApp } from '../flex/apps/app.js';
import {
  appleAppSiteAssociation,
  assetLinks,
  passkeyEndpoints,
  relatedOrigins,
  type WellKnownDocument,
} from '../operations/well-known-documents.js';
import { type Finding, findingsOf } from './finding.js';
import { unanswered } from './origins-check.js';
import { ask, type WebAnswer, type WebTerms } from './web.js';

const CHECK = 'well-known';
const { ok, warn, fail } = findingsOf(CHECK);

const DOCUMENTS: Readonly<Record<string, WellKnownDocument>> = {
  'passkey-endpoints': passkeyEndpoints,
  webauthn: relatedOrigins,
  'apple-app-site-association': appleAppSiteAssociation,
  'assetlinks.json': assetLinks,
};
/** Apple alone does without the type. */
const UNTYPED = 'apple-app-site-association';
/** Browsers may ignore all but the first five (WebAuthn Level 3 §5.11). */
const MOST_LABELS = 5;

type SayingApp = Pick<StoredApp, 'id' | 'rpId' | 'relatedOrigins'> & StoredApp;

/** Whether the site that is an app's RP ID serves what the app says, to browsers, password managers and phones. */
export async function checkWellKnown(apps: readonly SayingApp[], terms: WebTerms): Promise<Finding[]> {
  return (await Promise.all(apps.map((app) => checkApp(app, terms)))).flat();
}

async function checkApp(app: SayingApp, terms: WebTerms): Promise<Finding[]> {
  const said = Object.entries(DOCUMENTS).flatMap(([name, document]) => {
    const content = document(app);
    return content === null ? [] : [{ name, content }];
  });
  if (said.length === 0) return [ok(`The app ${app.id} has nothing to say in well-known documents.`)];
  if (app.rpId === 'localhost') {
    return [ok(`The app ${app.id} is on localhost, where nobody looks for well-known documents.`)];
  }
  const found = said.map(({ name, content }) => checkDocument(app, name, content, terms));
  return [...(await Promise.all(found)), ...tooManyLabels(app)];
}

async function checkDocument(
  { id, rpId }: SayingApp,
  name: string,
  content: object,
  terms: WebTerms,
): Promise<Finding> {
  const url = new URL(`https://${rpId}/.well-known/${name}`);
  const answer = await ask(url, terms);
  if (answer.kind !== 'answer') return unanswered(CHECK, url, answer);
  const problem = problemOf(answer, name, content);
  return problem === undefined
    ? ok(`${url.href} says what the app ${id} says.`)
    : fail(`${url.href}, for the app ${id}, ${problem}.`);
}

/** The rest of a sentence; undefined if all is well. */
function problemOf(
  { status, contentType, text }: WebAnswer,
  name: string,
  content: object,
): string | undefined {
  if (status >= 300 && status < 400) {
    return `redirects (${status}), which Apple, Google and browsers do not follow: answer it without a redirect`;
  }
  if (status !== 200) {
    return `answers ${status}: let the site pass that path on to Keyway, with its Host header (docs/well-known.md)`;
  }
  if (name !== UNTYPED && !/^application\/json\b/i.test(contentType)) {
    return `is not application/json, and is ignored: let the site pass that path on to Keyway`;
  }
  const found = parse(text);
  if (found === undefined) return 'is not JSON: let the site pass that path on to Keyway';
  return has(found, content)
    ? undefined
    : `lacks some of what the app says: pass that path on to Keyway, or add ${JSON.stringify(content)} to what is there`;
}

function tooManyLabels({ id, relatedOrigins: origins }: SayingApp): Finding[] {
  const labels = new Set(origins.map((origin) => getDomainWithoutSuffix(origin) ?? origin));
  if (labels.size <= MOST_LABELS) return [];
  return [
    warn(
      `The app ${id} has related origins with ${labels.size} different names before their suffix, and browsers may ignore ` +
        `all but the first ${MOST_LABELS}: put the most important ones first.`,
    ),
  ];
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** Whether all of `wanted` is somewhere in `found`: a site's own document may say more. */
function has(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  if (typeof found !== 'object' || found === null) return false;
  if (Array.isArray(wanted)) {
    return Array.isArray(found) && wanted.every((each) => found.some((other) => has(other, each)));
  }
  return Object.entries(wanted).every(([name, value]) =>
    has((found as Record<string, unknown>)[name], value),
  );
}
