import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import { toPassageError } from './browser-error.js';
import { cancelCeremony, Ceremony } from './ceremony.js';
import type { AuthenticationStart, FlexApi } from './flex-api.js';
import { pageIsVisible } from './page.js';
import { PassageError } from './passage-error.js';

/** An offer in autofill is renewed when its handshake is about to expire; milliseconds. */
const OFFER_LASTS = { atLeast: 10_000, unlessTold: 240_000, atMost: 3_600_000 };

/** `any`, and nothing at all, leave the choice to the user. */
export type AuthenticatorAttachment = 'platform' | 'cross-platform' | 'any';

export interface RegisterOptions {
  readonly authenticatorAttachment?: AuthenticatorAttachment | undefined;
}

export interface AuthenticateOptions {
  /** Who signs in; without it, whoever owns the passkey that is chosen. */
  readonly transactionId?: string | undefined;
  /**
   * Offers passkeys in the autofill of a field with `autocomplete="username webauthn"` instead of a prompt, to
   * whoever owns one: `transactionId` is not used.
   */
  readonly isConditionalMediation?: boolean | undefined;
}

/**
 * The ceremonies. A page holds one at a time: one that begins aborts the one that waits for its user, an offer in
 * autofill too, with `ceremony_aborted`. All throw `PassageError`.
 */
export class Passkey {
  readonly #api: FlexApi;

  constructor(api: FlexApi) {
    this.#api = api;
  }

  /** Creates a passkey for the transaction's user and resolves to a nonce for your server to verify. */
  async register(transactionId: string, options: RegisterOptions = {}): Promise<string> {
    return run(async (ceremony) => {
      const attachment = options.authenticatorAttachment;
      const { handshakeId, publicKey } = await this.#api.startRegistration(
        {
          transaction_id: required(transactionId),
          ...(attachment && { authenticator_attachment: attachment }),
        },
        ceremony.signal,
      );
      const response = await ceremony.prompt(() => startRegistration({ optionsJSON: publicKey }));
      return this.#api.finishRegistration(transactionId, handshakeId, response!);
    });
  }

  /**
   * Signs in and resolves to a nonce for your server to verify. With `isConditionalMediation` that takes until the
   * user picks a passkey, which may be never; an offer begins when the page is visible, and outlives its handshake.
   */
  async authenticate(options: AuthenticateOptions = {}): Promise<string> {
    const { transactionId, isConditionalMediation = false } = options;
    return run(async (ceremony) => {
      if (isConditionalMediation) return this.#authenticateByAutofill(ceremony);
      // An empty id must not become a sign-in of just anybody.
      const named = (transactionId ?? null) === null ? {} : { transaction_id: required(transactionId) };
      const { handshakeId, publicKey } = await this.#api.startAuthentication(named, ceremony.signal);
      const response = await ceremony.prompt(() => startAuthentication({ optionsJSON: publicKey }));
      return this.#api.finishAuthentication(named, handshakeId, response!);
    });
  }

  /** Ends the ceremony that waits for its user, such as an offer in autofill when its page is left. */
  cancel(): void {
    cancelCeremony('The ceremony was cancelled.');
  }

  /** Whether this browser can create passkeys, on whichever authenticator; false outside a secure context. */
  canRegisterPasskey(): Promise<boolean> {
    return Promise.resolve(browserSupportsWebAuthn());
  }

  /** Whether this browser can sign in with passkeys; tells nothing of whether the user has one. */
  canAuthenticateWithPasskey(): Promise<boolean> {
    return Promise.resolve(browserSupportsWebAuthn());
  }

  /** Whether this browser offers passkeys in autofill. */
  async canUseConditionalMediation(): Promise<boolean> {
    return browserSupportsWebAuthnAutofill();
  }

  async #authenticateByAutofill(ceremony: Ceremony): Promise<string> {
    if (!(await this.canUseConditionalMediation())) {
      throw new PassageError(
        'conditional_mediation_not_supported',
        'This browser offers no passkeys in autofill.',
      );
    }
    const nobody: AuthenticationStart = {};
    for (;;) {
      await pageIsVisible(ceremony.signal);
      const { handshakeId, publicKey } = await this.#api.startAuthentication(nobody, ceremony.signal);
      const response = await ceremony.prompt(() => offer(publicKey), lifetime(publicKey));
      if (response) return this.#api.finishAuthentication(nobody, handshakeId, response);
    }
  }
}

/** Runs a ceremony in place of the one that waits for its user. */
async function run(hold: (ceremony: Ceremony) => Promise<string>): Promise<string> {
  if (!browserSupportsWebAuthn()) {
    throw new PassageError('passkeys_not_supported', 'This browser, or this page, cannot use passkeys.');
  }
  const ceremony = Ceremony.begin();
  try {
    return await hold(ceremony);
  } catch (error) {
    throw toPassageError(error);
  } finally {
    ceremony.end();
  }
}

/** The field may come later, or be in a shadow tree, where the library would not see it. */
const offer = (optionsJSON: PublicKeyCredentialRequestOptionsJSON) =>
  startAuthentication({ optionsJSON, useBrowserAutofill: true, verifyBrowserAutofillInput: false });

function lifetime({ timeout }: PublicKeyCredentialRequestOptionsJSON): number {
  const { atLeast, unlessTold, atMost } = OFFER_LASTS;
  return timeout ? Math.min(Math.max(timeout * 0.8, atLeast), atMost) : unlessTold;
}

function required(transactionId: unknown): string {
  if (typeof transactionId === 'string' && transactionId !== '') return transactionId;
  throw new PassageError('invalid_argument', 'transactionId is required.');
}
