import { CoseKey, SoftwareAlgorithm, SoftwareCredential } from './software-credential.js';

/** What kind of authenticator to be; the defaults are those of a synced passkey of a platform. */
export interface SoftwareAuthenticatorTraits {
  /** UUID; all zeros by default. */
  aaguid: string;
  /** Algorithms it can use; the first one offered that it can use is used. */
  algorithms: readonly SoftwareAlgorithm[];
  /** `zero` for synced passkeys, `increasing` by one with every ceremony. */
  counter: 'zero' | 'increasing';
  backupEligible: boolean;
  backedUp: boolean;
  userVerified: boolean;
  /** Null to send none. */
  transports: string[] | null;
  attachment: 'platform' | 'cross-platform';
  /**
   * What it answers as user handle: the decoded bytes of `user.id`, the UTF-8 text of `user.id` as the Passage SDKs
   * for iOS and Android have it, or none as a security key may.
   */
  userHandle: 'bytes' | 'text' | 'none';
}

/** Flags of authenticator data to set or clear against what the authenticator would say. */
export type FlagOverrides = Partial<Record<'up' | 'uv' | 'be' | 'bs' | 'at' | 'ed', boolean>>;

/** How a ceremony is run, and what is falsified in it: everything left out is as it should be. */
export interface CeremonyOverrides {
  /** Origin of the page, such as `https://example.com`. */
  origin: string;
  /** Members to add to the client data or to replace in it; undefined leaves one out. */
  clientData?: Record<string, unknown>;
  /** Bytes to sign and send in place of the client data. */
  clientDataJSON?: Uint8Array;
  crossOrigin?: boolean;
  topOrigin?: string;
  /** RP ID to hash in place of that of the options. */
  rpId?: string;
  flags?: FlagOverrides;
  counter?: number;
  /** Authenticator extension outputs; sets the ED flag. */
  extensions?: Map<string, unknown>;
  /** Changes the authenticator data before it is signed. */
  mutateAuthenticatorData?: (bytes: Buffer) => Uint8Array;
  /** Changes the signature, that of a packed attestation included. */
  mutateSignature?: (bytes: Buffer) => Uint8Array;
  /** Members to add to the response or to replace in it, such as `id`. */
  response?: Record<string, unknown>;
}

/** Overrides of a registration. */
export interface CreateOverrides extends CeremonyOverrides {
  /** `packed` is a self attestation; `none` by default. */
  format?: string;
  algorithm?: SoftwareAlgorithm;
  /** Credential ID to make, and to send unless `response` says otherwise. */
  credentialId?: Buffer;
  /** Changes the COSE_Key: into another map, or into bytes to be sent as they are. */
  mutateKey?: (key: CoseKey) => CoseKey | Uint8Array;
  /** Changes the attestation statement, which is that of a self attestation unless the format is `none`. */
  mutateStatement?: (
    statement: Map<string, unknown>,
    credential: SoftwareCredential,
    attested: { authenticatorData: Uint8Array; clientDataHash: Buffer },
  ) => unknown;
  /** Changes the encoded attestation object. */
  mutateAttestationObject?: (bytes: Buffer) => Uint8Array;
}

/** Overrides of an authentication. */
export interface GetOverrides extends CeremonyOverrides {
  /** Which credential to use; else the newest one allowed. */
  credential?: SoftwareCredential;
  userHandle?: SoftwareAuthenticatorTraits['userHandle'];
  /** Attested credential data to append after the counter, with the AT flag. */
  attestedCredentialData?: Uint8Array;
}
