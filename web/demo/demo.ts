import '@keyway/elements';
import { PassageError, UserApi } from '@keyway/elements';
import { PassageFlex } from '@keyway/passage-flex-js';
import { chooseLanguageAndTheme } from './choices.js';
import { demoApp, signInAs, signInWithNonce, type DemoSession } from './demo-api.js';
import { byId, say } from './page.js';
import { sentence } from './sentences.js';

const form = byId('sign-in-form', HTMLFormElement);
const nameField = byId('name', HTMLInputElement);
const confirmButton = byId('confirm', HTMLButtonElement);
const signIn = document.querySelector('passkey-sign-in')!;
const table = document.querySelector('passkey-table')!;

let session: DemoSession | null = null;
let busy = false;

/** Tokens live in this variable alone: a reload signs out. */
function token(): string {
  if (!session) throw new Error('No user is signed in');
  return session.token;
}

function showSignedIn(signedIn: DemoSession, how: string): void {
  session = signedIn;
  signIn.autofill = false;
  byId('who-name', HTMLElement).textContent = signedIn.username;
  byId('initial', HTMLElement).textContent = [...signedIn.username][0] ?? '';
  byId('how', HTMLElement).textContent = how;
  byId('signed-out', HTMLElement).hidden = true;
  byId('signed-in', HTMLElement).hidden = false;
  table.currentPasskey = signedIn.passkeyId;
  table.getToken = token;
  say('');
  byId('who', HTMLElement).focus();
}

function showSignedOut(message: string): void {
  session = null;
  table.getToken = null;
  byId('signed-in', HTMLElement).hidden = true;
  byId('signed-out', HTMLElement).hidden = false;
  signIn.autofill = true;
  nameField.value = '';
  nameField.focus();
  say(message);
}

/** Runs one thing at a time; what fails is said. */
async function attempt(work: () => Promise<void>): Promise<void> {
  if (busy) return;
  setBusy(true);
  say('');
  try {
    await work();
  } catch (error) {
    if (session && error instanceof PassageError && isEndOfSession(error.code))
      showSignedOut('Your session has ended. Sign in again.');
    else say(sentence(error), 'bad');
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
    showSignedIn(await signInAs(nameField.value.trim()), 'by name alone, as demo users can');
    signIn.getToken = token;
    const { outcome } = await signIn.upgrade();
    if (outcome === 'added') await table.refresh();
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
    say(`Confirmed with a passkey: it is ${verified.username}.`, 'good');
    await table.refresh();
  });
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void signInByName();
});
confirmButton.addEventListener('click', () => void confirm());
byId('sign-out', HTMLButtonElement).addEventListener('click', () => {
  if (!busy) showSignedOut('You are signed out.');
});
signIn.addEventListener('passkey-nonce', ({ detail }) => {
  void attempt(async () => showSignedIn(await signInWithNonce(detail.nonce), 'with a passkey'));
});
table.addEventListener('passkey-added', () => say(''));
table.addEventListener('passkey-error', ({ detail }) => {
  if (isEndOfSession(detail.code)) showSignedOut('Your session has ended. Sign in again.');
});

confirmButton.hidden = typeof PublicKeyCredential !== 'function';
chooseLanguageAndTheme([signIn, table]);
nameField.focus();
void attempt(async () => {
  signIn.appId = (await demoApp()).appId;
  signIn.autofill = true;
});
