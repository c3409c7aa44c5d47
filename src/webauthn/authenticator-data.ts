import { createHash, timingSafeEqual } from 'node:crypto';
import { endOfCborItem, requireOneCborMap, startsWithCborMap } from './cbor.js';
import { Ceremony } from './ceremony.js';
import { CeremonyRefusal, SpecificationStep } from './ceremony-refusal.js';
import { RelyingParty } from './relying-party.js';

/** Parsed authenticator data (WebAuthn Level 3 §6.1). */
export interface AuthenticatorData {
  /** SHA-256 of the RP ID, 32 bytes. */
  readonly rpIdHash: Buffer;
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  /** Signature counter, 0 to 2^32 - 1. */
  readonly counter: number;
  readonly attestedCredential: AttestedCredential | null;
}

/** The attested credential data of a new credential (WebAuthn Level 3 §6.5.1). */
export interface AttestedCredential {
  /** 16 bytes. */
  readonly aaguid: Buffer;
  readonly credentialId: Buffer;
  /** The COSE_Key, one CBOR map. */
  readonly publicKey: Buffer;
}

/** What the authenticator data of a ceremony is verified against. */
export interface ExpectedAuthenticatorData {
  readonly relyingParty: RelyingParty;
  /** False only for a registration that was asked for with `mediation: 'conditional'`. */
  readonly requireUserPresence: boolean;
  readonly requireUserVerification: boolean;
}

const HEADER_BYTES = 37;
const ATTESTED_HEADER_BYTES = 18;
const FLAG = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40, ED: 0x80 } as const;

/**
 * Parses untrusted authenticator data, byte for byte: the AT and ED flags must match what follows, and nothing may be left
 * over. Throws `CeremonyRefusal` with `step`.
 */
export function parseAuthenticatorData(bytes: Buffer, step: SpecificationStep): AuthenticatorData {
  if (bytes.length < HEADER_BYTES) throw new CeremonyRefusal('malformed_authenticator_data', step);
  const flags = bytes.readUInt8(32);
  let end = HEADER_BYTES;

  let attestedCredential: AttestedCredential | null = null;
  if (flags & FLAG.AT) [attestedCredential, end] = parseAttestedCredential(bytes, step);

  if (flags & FLAG.ED) {
    requireOneCborMap(bytes.subarray(end), step);
    end = bytes.length;
  }
  if (end !== bytes.length) throw new CeremonyRefusal('malformed_authenticator_data', step);

  return {
    rpIdHash: bytes.subarray(0, 32),
    userPresent: (flags & FLAG.UP) !== 0,
    userVerified: (flags & FLAG.UV) !== 0,
    backupEligible: (flags & FLAG.BE) !== 0,
    backedUp: (flags & FLAG.BS) !== 0,
    counter: bytes.readUInt32BE(33),
    attestedCredential,
  };
}

function parseAttestedCredential(bytes: Buffer, step: SpecificationStep): [AttestedCredential, end: number] {
  const idStart = HEADER_BYTES + ATTESTED_HEADER_BYTES;
  if (bytes.length < idStart) throw new CeremonyRefusal('malformed_authenticator_data', step);
  const keyStart = idStart + bytes.readUInt16BE(idStart - 2);
  if (!startsWithCborMap(bytes, keyStart)) throw new CeremonyRefusal('malformed_authenticator_data', step);
  const keyEnd = endOfCborItem(bytes, keyStart, step);
  const attestedCredential = {
    aaguid: bytes.subarray(HEADER_BYTES, HEADER_BYTES + 16),
    credentialId: bytes.subarray(idStart, keyStart),
    publicKey: bytes.subarray(keyStart, keyEnd),
  };
  return [attestedCredential, keyEnd];
}

/**
 * Verifies authenticator data in the steps that both ceremonies share: steps 14 to 17 of WebAuthn Level 3 §7.1 and 15 to 18
 * of §7.2. Throws `CeremonyRefusal`.
 */
export function verifyAuthenticatorData(
  data: AuthenticatorData,
  ceremony: Ceremony,
  expected: ExpectedAuthenticatorData,
): void {
  // The credential is scoped to this relying party.
  const rpIdHash = createHash('sha256').update(expected.relyingParty.id).digest();
  if (!timingSafeEqual(data.rpIdHash, rpIdHash))
    throw new CeremonyRefusal('rp_id_mismatch', ceremony.rpIdHash);

  // The user was present, unless the credential was to be created without asking them.
  if (expected.requireUserPresence && !data.userPresent)
    throw new CeremonyRefusal('user_not_present', ceremony.userPresent);

  // The authenticator verified the user, if the app requires that.
  if (expected.requireUserVerification && !data.userVerified) {
    throw new CeremonyRefusal('user_not_verified', ceremony.userVerified);
  }

  // A credential that cannot be backed up is not backed up.
  if (!data.backupEligible && data.backedUp) {
    throw new CeremonyRefusal('backup_flags_invalid', ceremony.backupState);
  }
}
