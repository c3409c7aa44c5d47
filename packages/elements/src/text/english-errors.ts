import { ENGLISH_UNREACHABLE } from './english-unreachable.js';
import type { ErrorTexts } from './texts.js';

export const ENGLISH_ERRORS: ErrorTexts = {
  unreachable: ENGLISH_UNREACHABLE,
  slow: 'The server took too long to answer. Try again.',
  signedOut: 'Your session has ended. Sign in again.',
  denied: 'You are not allowed to do this.',
  inactive: 'Your account is not active.',
  gone: 'This passkey no longer exists. It may have been revoked elsewhere.',
  tooMany: 'Your account holds as many passkeys as it can. Revoke one before you add another.',
  tooOften: 'That was too often. Wait a moment and try again.',
  outage: 'Passkeys are out of reach at the moment. Try again in a minute.',
  badName: 'This name cannot be used. Use up to 64 ordinary characters.',
  notAccepted: 'The passkey was not accepted. Try again.',
  expired: 'That took too long. Try again.',
  addCancelled: 'No passkey was added: the browser’s window was closed or ran out of time.',
  cancelled: 'Nothing was confirmed: the browser’s window was closed or ran out of time.',
  alreadyHere: 'This device or password manager already holds a passkey for your account.',
  unsuitable:
    'This device cannot hold the passkey that is needed here. Set up a screen lock or PIN, or use another device.',
  wrongAddress: 'Passkeys cannot be used on this address.',
  otherPrompt: 'Another window for a passkey is still open. Close it and try again.',
  lastPasskey:
    'It is the only passkey with which you can sign in, so it cannot be revoked. Add another passkey first.',
  signInAgain: 'You have to prove again that it is you. Sign out, sign in, and try again.',
  stepUpFailed: 'That did not confirm it. Use a passkey that you have had for longer, or sign in again.',
  signInFailed: 'The sign-in was not accepted. Try again, or sign in another way.',
  unknown: 'Something went wrong. Try again.',
};
