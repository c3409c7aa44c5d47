/** The two ceremonies of WebAuthn. What is made for one is worthless to the other. */
export type CeremonyKind = 'register' | 'authenticate';
