/** The credential that an attestation statement is about, and what the statement signs. */
export interface Attested {
  /** The verified COSE_Key. */
  readonly publicKey: Uint8Array;
  /** COSE algorithm identifier of the key. */
  readonly algorithm: number;
  readonly credentialId: Buffer;
  /** 16 bytes. */
  readonly aaguid: Buffer;
  /** SHA-256 of the RP ID, 32 bytes. */
  readonly rpIdHash: Buffer;
  /** SHA-256 of the client data. */
  readonly clientDataHash: Buffer;
  /** The authenticator data, and the hash after it. */
  readonly signed: Buffer;
}

/** An attestation statement: the members of its map. */
export type Statement = ReadonlyMap<unknown, unknown>;
