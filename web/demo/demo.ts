import '@keyway/elements';
import { PassageError, UserApi } from '@keyway/elements';
import { PassageFlex } from '@keyway/passage-flex-js';
import { chooseLanguageAndTheme } from './choices.js';
import { demoApp, signInAs, signInWithNonce, type DemoSession } from './demo-api.js';
import { byId, say } from './page.js';
import { sentence } from './sentences.js';
import { around, texts } from './texts.js';

const form = byId('sign-in-form', HTMLFormElement);
const nameField = byId('name', HTMLInputElement);
const confirmButton = byId('confirm', HTMLButtonElement);
const signIn = document.querySelector('passkey-sign-in')!;
const table = document.querySelector('passkey-table')!;
const history = document.querySelector('passkey-history')!;

let session: DemoSession | null = null;
let busy = false;
/** How the user signed in, as one of the texts. */
let how: 'byName' | 'byPasskey' = 'byName';

/** Tokens live in this variable alone: a reload signs out. */
function token(): string {
  if (!session) throw new Error('No user is signed in');
  return session.token;
}

function showSignedIn(signedIn: DemoSession): void {
  session = signedIn;
  how = signedIn.passkeyId === null ? 'byName' : 'byPasskey';
  signIn.autofill = false;
  byId('initial', HTMLElement).textContent = [...signedIn.username][0] ?? '';
  showWho();
  byId('signed-out', HTMLElement).hidden = true;
  byId('signed-in', HTMLElement).hidden = false;
  table.currentPasskey = signedIn.passkeyId;
  table.getToken = token;
  history.getToken = token;
  say();
  byId('who', HTMLElement).focus();
}

/** The sentences with the user's name in them. */
function showWho(): void {
  byId('who', HTMLElement).replaceChildren(...around(texts().signedInAs, nameNode(session?.username ?? '')));
  byId('how', HTMLElement).textContent = texts()[how];
}

/** A name of any direction. */
function nameNode(name: string): HTMLElement {
  const node = document.createElement('bdi');
  node.textContent = name;
  return node;
}

function showSignedOut(message: string): void {
  session = null;
  table.getToken = null;
  history.getToken = null;
  byId('signed-in', HTMLElement).hidden = true;
  byId('signed-out', HTMLElement).hidden = false;
  signIn.autofill = true;
  nameField.value = '';
  nameField.focus();
  say([message]);
}

/** Runs one thing at a time; what fails is said. */
async function attempt(work: () => Promise<void>): Promise<void> {
  if (busy) return;
  setBusy(true);
  say();
  try {
    await work();
  } catch (error) {
    if (session && error instanceof PassageError && isEndOfSession(error.code))
      showSignedOut(texts().sessionEnded);
    else say([sentence(error)], 'bad');
  } finally {
    setBusy(false);
  }
}

function setBusy(now: boolean): void {
  busy = now;
  for (const button of document.querySelectorAll('button')) button.ariaDisabled = now ? 'true' : null;
}

const isEndOfSession = (code: string): boolean => code === 'invalid_token' || code === 'missing_token';

/** Stands for the login of an application, which knows the user by a password. */
async function signInByName(): Promise<void> {
  await attempt(async () => {
    showSignedIn(await signInAs(nameField.value.trim()));
    signIn.getToken = token;
    const { outcome } = await signIn.upgrade();
    if (outcome === 'added') await Promise.all([table.refresh(), history.refresh()]);
  });
}

/** Step-up: the signed-in user proves with a passkey that it is still them. */
async function confirm(): Promise<void> {
  await attempt(async () => {
    const api = new UserApi('', token);
    const { transactionId, appId, flexUrl } = await api.beginStepUp();
    const { passkey } = new PassageFlex(appId, { baseUrl: flexUrl });
    const verified = await api.verify(await passkey.authenticate({ transactionId }));
    if (verified.kind !== 'authenticate') throw new PassageError('invalid_nonce', 'No sign-in was proven.');
    say(around(texts().confirmed, nameNode(verified.username)), 'good');
    await Promise.all([table.refresh(), history.refresh()]);
  });
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void signInByName();
});
confirmButton.addEventListener('click', () => void confirm());
byId('sign-out', HTMLButtonElement).addEventListener('click', () => {
  if (!busy) showSignedOut(texts().signedOut);
});
signIn.addEventListener('passkey-nonce', ({ detail }) => {
  void attempt(async () => showSignedIn(await signInWithNonce(detail.nonce)));
});
table.addEventListener('passkey-added', () => say());
for (const act of ['passkey-added', 'passkey-renamed', 'passkey-revoked'] as const) {
  table.addEventListener(act, () => void history.refresh());
}
table.addEventListener('passkey-error', ({ detail }) => {
  if (isEndOfSession(detail.code)) showSignedOut(texts().sessionEnded);
});

confirmButton.hidden = typeof PublicKeyCredential !== 'function';
nameField.focus();
void attempt(async () => {
  await chooseLanguageAndTheme(showWho);
  signIn.appId = (await demoApp()).appId;
  signIn.autofill = true;
});
