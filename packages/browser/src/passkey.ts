import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import { signInByAutofill } from './autofill.js';
import { toPassageError } from './browser-error.js';
import { cancelCeremony, Ceremony } from './ceremony.js';
import type { FlexApi } from './flex-api.js';
import { PassageError } from './passage-error.js';

/** `any` leaves the choice to the user. */
export type AuthenticatorAttachment = 'platform' | 'cross-platform' | 'any';

export interface RegisterOptions {
  /** `platform` unless told, as in the original. */
  authenticatorAttachment?: AuthenticatorAttachment | undefined;
}

export interface AuthenticateOptions {
  /** Who signs in; without it, whoever owns the passkey that is chosen. */
  transactionId?: string | undefined;
  /**
   * Offers passkeys in the autofill of a field with `autocomplete="username webauthn"` instead of a prompt, to
   * whoever owns one: `transactionId` is not used.
   */
  isConditionalMediation?: boolean | undefined;
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
  async register(transactionId: string, options?: RegisterOptions): Promise<string> {
    const leave = {
      transaction_id: required(transactionId),
      authenticator_attachment: options?.authenticatorAttachment ?? 'platform',
    };
    return run(async (ceremony) => {
      const { handshakeId, publicKey } = await this.#api.startRegistration(leave, ceremony.signal);
      const response = await ceremony.prompt(() => startRegistration({ optionsJSON: publicKey }));
      return this.#api.finishRegistration(transactionId, handshakeId, response!);
    });
  }

  /**
   * Signs in and resolves to a nonce for your server to verify. With `isConditionalMediation` that takes until the
   * user picks a passkey, which may be never; an offer begins when the page is visible, and outlives its handshake.
   */
  async authenticate(options?: AuthenticateOptions): Promise<string> {
    if (options?.isConditionalMediation) return run((ceremony) => this.#authenticateByAutofill(ceremony));
    const transactionId = options?.transactionId ?? null;
    // An empty id must not become a sign-in of just anybody.
    const named = transactionId === null ? {} : { transaction_id: required(transactionId) };
    return run(async (ceremony) => {
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
    return signInByAutofill(this.#api, ceremony);
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

function required(transactionId: unknown): string {
  if (typeof transactionId === 'string' && transactionId !== '') return transactionId;
  throw new PassageError('invalid_argument', 'transactionId is required.');
}
