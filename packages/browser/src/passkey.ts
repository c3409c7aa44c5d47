import { signInByAutofill } from './autofill.js';
import { toPassageError } from './browser-error.js';
import { cancelCeremony, Ceremony } from './ceremony.js';
import { createCredential, requestCredential, supportsAutofill, supportsPasskeys } from './credentials.js';
import type { FlexApi } from './flex-api.js';
import { PassageError } from './passage-error.js';
import { signallingUnknown } from './unknown-credential.js';

/** How long a browser may take to create a passkey silently, where the server does not say; milliseconds. */
const PATIENCE = 300_000;

/** `any` leaves the choice to the user. */
export type AuthenticatorAttachment = 'platform' | 'cross-platform' | 'any';

/** A kind of authenticator that the user is expected to have: a security key, this device, or a phone. */
export type Hint = 'security-key' | 'client-device' | 'hybrid';

/** Hears of a credential that the authenticator has made. */
export type OnCreated = (credentialId: string, rpId: string) => void;

interface CeremonyOptions {
  /** What the browser should offer first, the likeliest first; browsers may not know hints. */
  hints?: readonly Hint[] | undefined;
  /** Ends the ceremony while it waits for its user: it throws `ceremony_aborted`. A finish is never stopped. */
  signal?: AbortSignal | undefined;
}

/** How `register` asks for a passkey. */
export interface RegisterOptions extends CeremonyOptions {
  /** `platform` unless told, as in the original; with `hints`, what they agree on. */
  authenticatorAttachment?: AuthenticatorAttachment | undefined;
  /** Called with the new credential's ID (base64url) and its RP ID before the server is told of it. */
  onCreated?: OnCreated | undefined;
}

/** How `upgrade` runs. */
export interface UpgradeOptions extends CeremonyOptions {
  /** As for a registration. */
  onCreated?: OnCreated | undefined;
}

/** How `authenticate` asks for a passkey. */
export interface AuthenticateOptions extends CeremonyOptions {
  /** Names the user who signs in; without it, the chosen passkey does. */
  transactionId?: string | undefined;
  /**
   * Offers passkeys in the autofill of a field with `autocomplete="username webauthn"` instead of a prompt. The chosen
   * passkey names the user: `transactionId` is not used.
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
    const hints = options?.hints ?? [];
    const attachment = options?.authenticatorAttachment ?? (hints.length > 0 ? 'any' : 'platform');
    const named = {
      transaction_id: required(transactionId),
      authenticator_attachment: attachment,
      ...hinting(hints),
    };
    return run(async (ceremony) => {
      const { handshakeId, publicKey } = await this.#api.startRegistration(named, ceremony.signal);
      const response = await ceremony.prompt(() => createCredential(publicKey));
      options?.onCreated?.(response!.id, rpIdOf(publicKey));
      return this.#api.finishRegistration(transactionId, handshakeId, response!);
    }, options?.signal);
  }

  /**
   * Signs in and resolves to a nonce for your server to verify. With `isConditionalMediation` that takes until the
   * user picks a passkey, which may be never; an offer begins when the page is visible, and outlives its handshake.
   */
  async authenticate(options?: AuthenticateOptions): Promise<string> {
    const signal = options?.signal;
    if (options?.isConditionalMediation) {
      return run((ceremony) => this.#authenticateByAutofill(ceremony), signal);
    }
    const transactionId = options?.transactionId ?? null;
    // An empty id must not become a sign-in of any user.
    const named = transactionId === null ? {} : { transaction_id: required(transactionId) };
    const begun = { ...named, ...hinting(options?.hints ?? []) };
    return run(async (ceremony) => {
      const { handshakeId, publicKey } = await this.#api.startAuthentication(begun, ceremony.signal);
      const response = await ceremony.prompt(() => requestCredential(publicKey));
      const finish = () => this.#api.finishAuthentication(named, handshakeId, response!);
      return transactionId === null ? signallingUnknown(finish, publicKey, response!) : finish();
    }, signal);
  }

  /**
   * Lets the password manager that the user has just signed in with create a passkey, without asking them (automatic
   * upgrade). Resolves to a nonce for your server to verify; to null, and nothing is shown, where the browser does not
   * know how or declines, for any reason. The transaction has to be a conditional one.
   */
  async upgrade(transactionId: string, options?: UpgradeOptions): Promise<string | null> {
    const named = { transaction_id: required(transactionId) };
    // A browser that does not know it would prompt.
    if (!(await this.canUpgrade())) return null;
    return run(async (ceremony) => {
      const { handshakeId, publicKey, conditional } = await this.#api.startRegistration(
        named,
        ceremony.signal,
      );
      // The server would refuse what the password manager has by then stored.
      if (!conditional) throw new PassageError('invalid_argument', 'The transaction is not conditional.');
      const response = await createSilently(publicKey, ceremony);
      if (!response) return null;
      options?.onCreated?.(response.id, rpIdOf(publicKey));
      return this.#api.finishRegistration(transactionId, handshakeId, response);
    }, options?.signal);
  }

  /** Ends the ceremony that waits for its user, such as an offer in autofill when its page is left. */
  cancel(): void {
    cancelCeremony('The ceremony was cancelled.');
  }

  /** Whether this browser can create passkeys, on any authenticator; false outside a secure context. */
  canRegisterPasskey(): Promise<boolean> {
    return Promise.resolve(supportsPasskeys());
  }

  /** Whether this browser can sign in with passkeys; tells nothing of whether the user has one. */
  canAuthenticateWithPasskey(): Promise<boolean> {
    return Promise.resolve(supportsPasskeys());
  }

  /** Whether this browser offers passkeys in autofill. */
  async canUseConditionalMediation(): Promise<boolean> {
    return supportsAutofill();
  }

  /** Whether this browser can create a passkey without asking its user; ask it before your server for a transaction. */
  async canUpgrade(): Promise<boolean> {
    if (!supportsPasskeys()) return false;
    const { getClientCapabilities } = PublicKeyCredential as WithCapabilities;
    if (typeof getClientCapabilities !== 'function') return false;
    const capabilities = await getClientCapabilities.call(PublicKeyCredential).catch(() => null);
    return capabilities?.['conditionalCreate'] === true;
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

interface WithCapabilities {
  /** WebAuthn Level 3 §5.1.7; not in every browser. */
  readonly getClientCapabilities?: () => Promise<Readonly<Record<string, boolean>>>;
}

/** Null if the browser declines, or has not answered when the time that the options give it is over. */
async function createSilently(
  options: PublicKeyCredentialCreationOptionsJSON,
  ceremony: Ceremony,
): Promise<RegistrationResponseJSON | null> {
  try {
    return await ceremony.prompt(
      () => createCredential(options, { silently: true }),
      options.timeout ?? PATIENCE,
    );
  } catch (error) {
    const isPages = ceremony.signal.aborted || toPassageError(error).code === 'origin_not_allowed';
    if (isPages) throw error;
    return null;
  }
}

/** Runs a ceremony in place of the one that waits for its user. */
async function run<T>(hold: (ceremony: Ceremony) => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!supportsPasskeys()) {
    throw new PassageError('passkeys_not_supported', 'This browser, or this page, cannot use passkeys.');
  }
  if (signal?.aborted) throw abortedBy(signal);
  const ceremony = Ceremony.begin();
  const abort = () => ceremony.abort(abortedBy(signal));
  signal?.addEventListener('abort', abort);
  try {
    return await hold(ceremony);
  } catch (error) {
    throw toPassageError(error);
  } finally {
    signal?.removeEventListener('abort', abort);
    ceremony.end();
  }
}

/** The page's own host where the options name none (WebAuthn Level 3 §5.1.3). */
const rpIdOf = ({ rp }: PublicKeyCredentialCreationOptionsJSON): string => rp.id ?? location.hostname;

const abortedBy = (signal: AbortSignal | undefined): PassageError =>
  new PassageError('ceremony_aborted', 'The page ended the ceremony.', 0, { cause: signal?.reason });

/** Servers of an earlier version ignore it. */
const hinting = (hints: readonly Hint[]) => (hints.length > 0 ? { hints } : {});

function required(transactionId: unknown): string {
  if (typeof transactionId === 'string' && transactionId !== '') return transactionId;
  throw new PassageError('invalid_argument', 'transactionId is required.');
}
