/** COSE identifiers of the supported algorithms (RFC 9053, RFC 8812). */
export const ALGORITHM = { ES256: -7, ES384: -35, ES512: -36, EdDSA: -8, RS256: -257 } as const;
