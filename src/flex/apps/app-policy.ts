import type { RelyingParty, UserVerification } from '../../webauthn/relying-party.js';

export type ResidentKey = 'required' | 'preferred' | 'discouraged';
export type Attestation = 'none' | 'indirect' | 'direct' | 'enterprise';

/** An app as ceremonies see it: who relies, and by what rules. */
export interface AppPolicy {
  readonly id: string;
  /** Its origins are all that may run ceremonies: those of the app, related ones and those of Android apps. */
  readonly relyingParty: RelyingParty;
  /** Exact origins of the web pages that may read answers (CORS): those of the app first, then related ones. */
  readonly webOrigins: readonly string[];
  readonly userVerification: UserVerification;
  readonly residentKey: ResidentKey;
  readonly attestation: Attestation;
  /** The only models of authenticator taken, each of which has to prove that it is one; null: any. Lower-case UUIDs. */
  readonly aaguidAllow: readonly string[] | null;
  /** Models that are not taken. Lower-case UUIDs. */
  readonly aaguidDeny: readonly string[];
  /** COSE algorithm identifiers, most wanted first. */
  readonly algorithms: readonly number[];
  readonly maxPasskeysPerUser: number;
  /** What browsers are asked to wait for a ceremony, in seconds: never longer than its handshake lives. */
  readonly ceremonyTimeout: number;
  /** Seconds. */
  readonly lifetimes: {
    readonly handshake: number;
    readonly registerTransaction: number;
    readonly authenticateTransaction: number;
    readonly nonce: number;
  };
  readonly createdAt: Date;
}
