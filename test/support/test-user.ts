import { randomUUID } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { TEST, type TestApp } from './build-app.js';
import { type HttpAnswer, send } from './http-answer.js';

/** A passkey as the user's API gives it in JSON. */
export interface PasskeyJson {
  readonly id: string;
  readonly credId: string;
  readonly friendlyName: string;
  readonly lastLoginAt: string | null;
  readonly updatedAt: string;
  readonly createdAt: string;
  readonly usageCount: number;
  readonly type: string;
  readonly provider: string | null;
  readonly synced: boolean | null;
  readonly transports: readonly string[];
  readonly automatic: boolean | null;
  readonly nameCode: string | null;
  readonly createdFrom: { readonly browser: string; readonly system: string } | null;
  readonly lastUsedFrom: { readonly browser: string; readonly system: string } | null;
}

export interface PasskeyListJson {
  readonly username: string;
  readonly externalId: string | null;
  readonly passkeys: readonly PasskeyJson[];
  readonly limit: number | null;
  readonly lastPasskey: 'allow' | 'warn' | 'deny' | null;
  readonly signals: readonly {
    readonly rpId: string;
    readonly userId: string;
    readonly name: string;
    readonly displayName: string;
    readonly allAcceptedCredentialIds: string[];
  }[];
}

/** What a sign-in is to be the step-up for. */
export interface StepUpJson {
  readonly act: 'add' | 'revoke' | 'erase';
  readonly target?: string;
}

export interface TransactionJson {
  readonly transactionId: string;
  readonly appId: string;
  readonly flexUrl: string;
}

/** The header of a step-up's nonce. */
const bringing = (nonce: string | undefined): Record<string, string> =>
  nonce === undefined ? {} : { 'x-keyway-nonce': nonce };

/** A time for a claim of a token, such as `auth_time`: in seconds. */
export const secondsAgo = (seconds: number): number => Math.floor(Date.now() / 1000) - seconds;

/** Signs a token as the application's own login would; a claim of undefined is left out. */
export function signToken(claims: JWTPayload): Promise<string> {
  const inAnHour = Math.floor(Date.now() / 1000) + 3600;
  return new SignJWT({ iss: TEST.issuer, aud: TEST.audience, exp: inAnHour, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(TEST.tokenSecret);
}

/** Somebody who is signed in to the application and calls the user's API. */
export class TestUser {
  readonly subject: string;

  constructor(
    readonly app: TestApp,
    private readonly claims: JWTPayload = {},
  ) {
    this.subject = claims.sub ?? `user-${randomUUID()}`;
  }

  /** The same user of another replica, or with other claims. */
  on(app: TestApp, claims: JWTPayload = {}): TestUser {
    return new TestUser(app, { ...this.claims, sub: this.subject, ...claims });
  }

  token(changes: JWTPayload = {}): Promise<string> {
    return signToken({ ...this.claims, sub: this.subject, ...changes });
  }

  async call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    payload?: object,
    more: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    const headers = { authorization: `Bearer ${await this.token()}`, ...more };
    return send(this.app, { method, url, headers, ...(payload && { payload }) });
  }

  async list(): Promise<PasskeyListJson> {
    return (await this.call('GET', '/user/devices')).expect();
  }

  async passkeys(): Promise<readonly PasskeyJson[]> {
    return (await this.list()).passkeys;
  }

  /** A register transaction, as the element asks for it. */
  async registerTransaction(): Promise<TransactionJson> {
    return (await this.call('POST', '/passkey/register')).expect(201);
  }

  /** Asks for an automatic upgrade, as a page does right after a sign-in. */
  beginUpgrade(): Promise<HttpAnswer> {
    return this.call('POST', '/passkey/register', { conditional: true });
  }

  /** A transaction for a sign-in of this user, as the step-up for an act if one is named. */
  async authenticateTransaction(stepUp?: StepUpJson): Promise<TransactionJson> {
    const body = stepUp && { stepUp };
    return (await this.call('POST', '/user/authenticate-with-passkey', body)).expect(201);
  }

  verify(nonce: string): Promise<HttpAnswer> {
    return this.call('POST', '/passkey/verify', { nonce });
  }

  rename(id: string, friendlyName: unknown): Promise<HttpAnswer> {
    return this.call('PATCH', `/user/devices/${id}`, { friendlyName });
  }

  /** With the nonce of a step-up, if one is given; so do the others. */
  revoke(id: string, nonce?: string): Promise<HttpAnswer> {
    return this.call('DELETE', `/user/devices/${id}`, undefined, bringing(nonce));
  }

  add(nonce?: string): Promise<HttpAnswer> {
    return this.call('POST', '/passkey/register', undefined, bringing(nonce));
  }

  erase(nonce?: string): Promise<HttpAnswer> {
    return this.call('DELETE', '/user', undefined, bringing(nonce));
  }
}
