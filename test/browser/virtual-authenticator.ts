import type { CDPSession } from 'playwright-core';

/** A credential as the DevTools protocol gives and takes it, private key included; binary members are base64. */
export interface VirtualCredential {
  readonly credentialId: string;
  readonly isResidentCredential: boolean;
  readonly rpId?: string;
  readonly privateKey: string;
  readonly userHandle?: string;
  readonly signCount: number;
  readonly backupEligibility?: boolean;
  readonly backupState?: boolean;
}

export type AuthenticatorKind = 'synced' | 'platform' | 'security key';

const BUILD = {
  synced: { transport: 'internal', defaultBackupEligibility: true, defaultBackupState: true },
  platform: { transport: 'internal' },
  'security key': { transport: 'usb' },
} as const satisfies Record<AuthenticatorKind, object>;

/**
 * An authenticator in software whose owner always agrees at once. It can be taken from one page to another: the
 * DevTools protocol forgets the credentials of an authenticator it removes, so they are kept here meanwhile.
 */
export class VirtualAuthenticator {
  #willing = true;
  #kept: readonly VirtualCredential[];
  #plugged: { readonly devtools: CDPSession; readonly authenticatorId: string } | null = null;

  constructor(
    private readonly kind: AuthenticatorKind = 'platform',
    credentials: readonly VirtualCredential[] = [],
  ) {
    this.#kept = credentials;
  }

  /** Connects it to the page of a session that has `WebAuthn` enabled. */
  async plugIn(devtools: CDPSession): Promise<void> {
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        hasResidentKey: true,
        hasUserVerification: true,
        automaticPresenceSimulation: this.#willing,
        isUserVerified: true,
        ...BUILD[this.kind],
      },
    });
    this.#plugged = { devtools, authenticatorId };
    for (const credential of this.#kept) {
      await devtools.send('WebAuthn.addCredential', { authenticatorId, credential });
    }
  }

  /** Takes it away from its page, with its credentials. */
  async unplug(): Promise<void> {
    if (!this.#plugged) return;
    this.#kept = await this.credentials();
    const { devtools, authenticatorId } = this.#plugged;
    this.#plugged = null;
    await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  }

  /** The credentials it holds now. */
  async credentials(): Promise<readonly VirtualCredential[]> {
    if (!this.#plugged) return this.#kept;
    const { devtools, authenticatorId } = this.#plugged;
    return (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  }

  /** Whether its owner touches it when it asks; without that, a request goes on until something ends it. */
  async touch(willing: boolean): Promise<void> {
    this.#willing = willing;
    if (!this.#plugged) return;
    const { devtools, authenticatorId } = this.#plugged;
    await devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: willing });
  }

  /** Whether its owner's finger, face or PIN is recognised from now on. */
  async recogniseOwner(isUserVerified: boolean): Promise<void> {
    const { devtools, authenticatorId } = this.#plugged!;
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  }
}
