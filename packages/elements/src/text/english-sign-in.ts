import type { PasskeySignInTexts } from './texts.js';

export const ENGLISH_SIGN_IN: PasskeySignInTexts = {
  signIn: 'Sign in with a passkey',
  waiting: 'Choose a passkey in the window that your browser shows.',
  cancel: 'Cancel',
  unsupported: 'This browser cannot sign in with passkeys.',
  misconfigured: 'Passkeys cannot be used here: this page is not set up right. Tell the people who run it.',
  unknownPasskey:
    'This passkey was not accepted. It may have been revoked. Sign in another way; you can delete the passkey where it is saved.',
};
