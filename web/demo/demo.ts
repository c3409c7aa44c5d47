import '@keyway/elements';
import { PassageError, PassageFlex, type Passkey, RequestError, UserApi } from '@keyway/passage-flex-js';
import { demoApp, signInAs, signInWithNonce, type DemoSession } from './demo-api.js';
import { byId, say } from './page.js';
import { sentence } from './sentences.js';

const form = byId('sign-in-form', HTMLFormElement);
const nameField = byId('name', HTMLInputElement);
const passkeyButton = byId('sign-in-passkey', HTMLButtonElement);
const confirmButton = byId('confirm', HTMLButtonElement);
const table = document.querySelector('passkey-table');

let session: DemoSession | null = null;
let autofill = new AbortController();
let busy = false;

/** Tokens live in this variable alone: a reload signs out. */
function token(): string {
  if (!session) throw new Error('No user is signed in');
  return session.token;
}

function showSignedIn(signedIn: DemoSession, how: string): void {
  autofill.abort();
  session = signedIn;
  byId('who-name', HTMLElement).textContent = signedIn.username;
  byId('how', HTMLElement).textContent = how;
  byId('signed-out', HTMLElement).hidden = true;
  byId('signed-in', HTMLElement).hidden = false;
  if (table) table.getToken = token;
  say('');
  byId('who', HTMLElement).focus();
}

function showSignedOut(message: string): void {
  session = null;
  if (table) table.getToken = null;
  byId('signed-in', HTMLElement).hidden = true;
  byId('signed-out', HTMLElement).hidden = false;
  nameField.value = '';
  nameField.focus();
  say(message);
}

async function passkeys(): Promise<Passkey> {
  const { appId, flexUrl } = await demoApp();
  return new PassageFlex(appId, { baseUrl: flexUrl }).passkey;
}

/** Runs one thing at a time, in place of the autofill's offer; what fails is said. */
async function attempt(work: () => Promise<void>): Promise<void> {
  if (busy) return;
  autofill.abort();
  setBusy(true);
  say('');
  try {
    await work();
  } catch (error) {
    if (session && hasEnded(error)) showSignedOut('Your session has ended. Sign in again.');
    else say(sentence(error), 'bad');
  } finally {
    setBusy(false);
  }
}

function setBusy(now: boolean): void {
  busy = now;
  for (const button of document.querySelectorAll('button')) button.ariaDisabled = now ? 'true' : null;
}

function hasEnded(error: unknown): boolean {
  return error instanceof RequestError && isEndOfSession(error.code);
}

function isEndOfSession(code: string): boolean {
  return code === 'invalid_token' || code === 'missing_token';
}

async function signInByName(): Promise<void> {
  autofill.abort();
  await attempt(async () =>
    showSignedIn(await signInAs(nameField.value.trim()), 'by name alone, as demo users can'),
  );
}

async function signInByPasskey(): Promise<void> {
  await attempt(async () => {
    const nonce = await (await passkeys()).authenticate();
    showSignedIn(await signInWithNonce(nonce), 'with a passkey');
  });
}

/** The name field's autofill offers passkeys while nothing else is going on. */
async function offer(): Promise<void> {
  const { signal } = (autofill = new AbortController());
  try {
    const passkey = await passkeys();
    if (signal.aborted || !(await passkey.canUseConditionalMediation())) return;
    const nonce = await passkey.authenticate({ isConditionalMediation: true, signal });
    if (!signal.aborted) showSignedIn(await signInWithNonce(nonce), 'with a passkey');
  } catch (error) {
    if (!signal.aborted && isOfServer(error)) say(sentence(error), 'bad');
  } finally {
    if (autofill.signal === signal) autofill.abort();
  }
}

/** Not what the browser says of an offer that nobody has asked for. */
function isOfServer(error: unknown): boolean {
  if (!(error instanceof PassageError)) return true;
  return error.statusCode > 0 || error.code === 'network_unreachable' || error.code === 'timed_out';
}

/** Step-up: the signed-in user proves with a passkey that it is still them. */
async function confirm(): Promise<void> {
  await attempt(async () => {
    const api = new UserApi('', token);
    const { transactionId } = await api.beginStepUp();
    const verified = await api.verify(await (await passkeys()).authenticate({ transactionId }));
    if (verified.kind !== 'authenticate') throw new RequestError(200, 'invalid_nonce');
    say(`Confirmed with a passkey: it is ${verified.username}.`, 'good');
    await table?.refresh();
  });
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void signInByName();
});
passkeyButton.addEventListener('click', () => void signInByPasskey());
confirmButton.addEventListener('click', () => void confirm());
byId('sign-out', HTMLButtonElement).addEventListener('click', () => {
  if (!busy) showSignedOut('You are signed out.');
});
table?.addEventListener('passkey-added', () => say(''));
table?.addEventListener('passkey-error', ({ detail }) => {
  if (isEndOfSession(detail.code)) showSignedOut('Your session has ended. Sign in again.');
});

// Who has just signed out, or declined, is offered a passkey again only when they turn to the field.
nameField.addEventListener('pointerdown', () => {
  if (!session && !busy && autofill.signal.aborted) void offer();
});

const canUsePasskeys = typeof PublicKeyCredential === 'function';
passkeyButton.hidden = !canUsePasskeys;
confirmButton.hidden = !canUsePasskeys;
nameField.focus();
void offer();
