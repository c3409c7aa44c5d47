import type { GetToken } from '@keyway/passage-flex-js/http.js';

/** Who a token is for, and until when, as far as a page can read it. Nothing is decided by it that a server decides. */
export interface TokenClaims {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly aud?: unknown;
  readonly exp?: unknown;
}

/** The claims of a JWT, unverified; empty for what is none. */
export function readClaims(token: string): TokenClaims {
  try {
    const text = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

/**
 * The token of one person. The function that gives it may be replaced at any time, as frameworks do whenever they render;
 * a token of somebody else is not given out.
 */
export class TokenSource {
  #person: string | null = null;
  /** The last token that was given out. */
  last = '';

  constructor(public getToken: GetToken) {}

  /** A token for one request. Throws {@link AnotherPerson} if it is not for the one of the tokens before. */
  async token(): Promise<string> {
    const token: unknown = await this.getToken();
    if (typeof token !== 'string' || token === '') throw new TypeError('getToken gave no token.');
    const { iss, sub } = readClaims(token);
    const person = sub === undefined ? null : JSON.stringify([iss, sub]);
    if (this.#person !== null && person !== null && person !== this.#person) throw new AnotherPerson();
    this.#person ??= person;
    this.last = token;
    return token;
  }
}

/** The tokens are somebody else's now: what is shown has to go. */
export class AnotherPerson extends Error {
  override readonly name = 'AnotherPerson';
}

/** Whether something failed because the tokens are somebody else's now. */
export const isOfAnotherPerson = (error: unknown): boolean =>
  error instanceof AnotherPerson || (error instanceof Error && error.cause instanceof AnotherPerson);
