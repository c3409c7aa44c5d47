import { Browser } from './browser.js';
import type { GetOverrides, SoftwareAuthenticatorTraits } from './ceremony-overrides.js';
import { SoftwareAuthenticator } from './software-authenticator.js';
import type { PasskeyJson, StepUpJson, TestUser } from './test-user.js';

/** A passkey that was registered through the public routes, with all that holds or used it. */
export interface RegisteredPasskey {
  readonly user: TestUser;
  readonly browser: Browser;
  readonly authenticator: SoftwareAuthenticator;
  /** As it was listed right after the registration. */
  readonly device: PasskeyJson;
  /** Already verified. */
  readonly nonce: string;
  readonly transactionId: string;
  readonly handshakeId: string;
}

/** Makes n of something, such as requests that race. */
export const times = <T>(n: number, make: (i: number) => T): T[] =>
  Array.from({ length: n }, (_, i) => make(i));

/** Adds a passkey to the user's account as the element does, from transaction to verified nonce. */
export async function registerPasskey(
  user: TestUser,
  {
    traits = {},
    authenticator = new SoftwareAuthenticator(traits),
    browser = new Browser(user.app),
  }: {
    traits?: Partial<SoftwareAuthenticatorTraits>;
    authenticator?: SoftwareAuthenticator;
    browser?: Browser;
  } = {},
): Promise<RegisteredPasskey> {
  const { transactionId, handshakeId, answer } = await beginRegistration(user, browser);
  const finished = await browser.finish('register', answer(authenticator));
  const { nonce } = finished.expect<{ nonce: string }>();
  (await user.verify(nonce)).expect();
  const credId = authenticator.credentials.at(-1)!.id.toString('base64url');
  const device = (await user.passkeys()).find((it) => it.credId === credId)!;
  return { user, browser, authenticator, device, nonce, transactionId, handshakeId };
}

/** Begins a registration for the user, up to what the authenticator is to answer. */
export async function beginRegistration(user: TestUser, browser = new Browser(user.app)) {
  const { transactionId } = await user.registerTransaction();
  return { transactionId, browser, ...(await browser.beginRegistration(transactionId)) };
}

/** Begins a step-up on a transaction that names the user, up to what the authenticator is to answer. */
export async function beginStepUp({ user, browser }: RegisteredPasskey) {
  const { transactionId } = await user.authenticateTransaction();
  return { transactionId, ...(await browser.beginSignIn(transactionId)) };
}

/** A step-up on a transaction that names the user, up to a nonce that nobody has verified yet. */
export async function stepUp(passkey: RegisteredPasskey): Promise<string> {
  const begun = await beginStepUp(passkey);
  const finished = await passkey.browser.finish('authenticate', begun.answer(passkey.authenticator));
  return finished.expect<{ nonce: string }>().nonce;
}

/** A sign-in that is the step-up for an act of the user, up to its nonce. */
export async function stepUpFor(
  { user, browser, authenticator }: Pick<RegisteredPasskey, 'user' | 'browser' | 'authenticator'>,
  act: StepUpJson,
  overrides: Partial<GetOverrides> = {},
): Promise<string> {
  const { transactionId } = await user.authenticateTransaction(act);
  const begun = await browser.beginSignIn(transactionId);
  const finished = await browser.finish('authenticate', begun.answer(authenticator, overrides));
  return finished.expect<{ nonce: string }>().nonce;
}

/** A sign-in that names nobody beforehand, up to a nonce that nobody has verified yet. */
export async function signIn({ browser, authenticator }: RegisteredPasskey): Promise<string> {
  const begun = await browser.beginSignIn();
  const finished = await browser.finish('authenticate', begun.answer(authenticator));
  return finished.expect<{ nonce: string }>().nonce;
}
