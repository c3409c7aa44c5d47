import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';

export interface StartRegistration {
  readonly transactionId: string;
  /** Absent where any will do. */
  readonly attachment?: 'platform' | 'cross-platform';
}

export interface FinishRegistration {
  readonly transactionId: string;
  readonly handshakeId: string;
  /** The browser's answer, not looked at yet. */
  readonly response: unknown;
}

export interface FinishAuthentication {
  /** Null for a discoverable sign-in; an empty one names no transaction and is refused. */
  readonly transactionId: string | null;
  readonly handshakeId: string;
  readonly response: unknown;
}

/** What the browser needs to hold the ceremony and to finish it. */
export interface StartedCeremony<Options = PublicKeyCredentialCreationOptionsJSON> {
  readonly handshakeId: string;
  readonly publicKey: Options;
}

export type StartedAuthentication = StartedCeremony<PublicKeyCredentialRequestOptionsJSON>;
