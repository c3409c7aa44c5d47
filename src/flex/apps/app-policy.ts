import type { RelyingParty, UserVerification } from '../../webauthn/relying-party.js';

export type ResidentKey = 'required' | 'preferred' | 'discouraged';
export type Attestation = 'none' | 'indirect' | 'direct' | 'enterprise';

/** An app as ceremonies see it: who relies, and by what rules. */
export interface AppPolicy {
  readonly id: string;
  readonly relyingParty: RelyingParty;
  readonly userVerification: UserVerification;
  readonly residentKey: ResidentKey;
  readonly attestation: Attestation;
  /** COSE algorithm identifiers, most wanted first. */
  readonly algorithms: readonly number[];
  readonly maxPasskeysPerUser: number;
  /** Seconds. */
  readonly lifetimes: {
    readonly handshake: number;
    readonly registerTransaction: number;
    readonly authenticateTransaction: number;
    readonly nonce: number;
  };
  readonly createdAt: Date;
}
