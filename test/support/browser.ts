import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { TEST, type TestApp } from './build-app.js';
import type { CreateOverrides, GetOverrides } from './ceremony-overrides.js';
import { type HttpAnswer, newAddress, send } from './http-answer.js';
import { type SoftwareAuthenticator, toHandshakeResponse } from './software-authenticator.js';

export interface BrowserTraits {
  appId: string;
  /** Origin of the page that runs the ceremony. */
  origin: string;
  userAgent: string;
  /** Which browser SDK the page has: 0.1.3 sends JSON as text/plain, and nothing for an empty object. */
  sdk: '1.0.2' | '0.1.3';
  /** How it spells responses: as the Passage SDK does, or as `toJSON()` does. */
  form: 'sdk' | 'json';
}

/** What finishing takes: the body of the request. */
export interface FinishBody {
  transaction_id?: string | null;
  handshake_id: string;
  handshake_response: object;
}

interface StartedJson<Options> {
  readonly transaction_id?: string;
  readonly handshake: { readonly id: string; readonly challenge: { readonly publicKey: Options } };
}

/** A registration that was begun, to be finished as often and as wrongly as a test likes. */
export interface BegunRegistration {
  readonly handshakeId: string;
  readonly publicKey: PublicKeyCredentialCreationOptionsJSON;
  readonly answer: (authenticator: SoftwareAuthenticator, overrides?: Partial<CreateOverrides>) => FinishBody;
}

/** A sign-in that was begun. */
export interface BegunSignIn {
  readonly handshakeId: string;
  readonly publicKey: PublicKeyCredentialRequestOptionsJSON;
  readonly answer: (authenticator: SoftwareAuthenticator, overrides?: Partial<GetOverrides>) => FinishBody;
}

/** A browser with an address of its own on a page of the app; it speaks the protocol's browser side. */
export class Browser {
  readonly address = newAddress();
  readonly traits: BrowserTraits;

  constructor(
    readonly app: TestApp,
    traits: Partial<BrowserTraits> = {},
  ) {
    this.traits = {
      appId: TEST.appId,
      origin: TEST.origin,
      userAgent: 'Keyway tests',
      sdk: '1.0.2',
      form: 'sdk',
      ...traits,
    };
  }

  post(kind: 'register' | 'authenticate', step: 'start' | 'finish', payload: object): Promise<HttpAnswer> {
    const { appId, origin, userAgent, sdk } = this.traits;
    const isEmpty = Object.keys(payload).length === 0;
    const asText = { type: { 'content-type': 'text/plain;charset=UTF-8' }, payload: JSON.stringify(payload) };
    const nothing = { type: {}, payload: undefined };
    const body = sdk === '1.0.2' ? { type: {}, payload } : isEmpty ? nothing : asText;
    return send(this.app, {
      method: 'POST',
      url: `/v1/apps/${appId}/${kind}/transactions/webauthn/${step}`,
      headers: { origin, 'user-agent': userAgent, 'passage-flex-version': sdk, ...body.type },
      remoteAddress: this.address,
      payload: body.payload,
    });
  }

  finish(kind: 'register' | 'authenticate', body: object): Promise<HttpAnswer> {
    return this.post(kind, 'finish', body);
  }

  async beginRegistration(transactionId: string, more: object = {}): Promise<BegunRegistration> {
    const answer = await this.post('register', 'start', { transaction_id: transactionId, ...more });
    const { handshake } = answer.expect<StartedJson<PublicKeyCredentialCreationOptionsJSON>>();
    const { publicKey } = handshake.challenge;
    return {
      handshakeId: handshake.id,
      publicKey,
      answer: (authenticator, overrides = {}) => ({
        transaction_id: transactionId,
        handshake_id: handshake.id,
        handshake_response: this.spell(
          authenticator.create(publicKey, { origin: this.traits.origin, ...overrides }),
        ),
      }),
    };
  }

  /** Without a transaction id, a discoverable one. */
  async beginSignIn(transactionId?: string): Promise<BegunSignIn> {
    const named = transactionId === undefined ? {} : { transaction_id: transactionId };
    const answer = await this.post('authenticate', 'start', named);
    const { handshake } = answer.expect<StartedJson<PublicKeyCredentialRequestOptionsJSON>>();
    const { publicKey } = handshake.challenge;
    return {
      handshakeId: handshake.id,
      publicKey,
      answer: (authenticator, overrides = {}) => ({
        ...named,
        handshake_id: handshake.id,
        handshake_response: this.spell(
          authenticator.get(publicKey, { origin: this.traits.origin, ...overrides }),
        ),
      }),
    };
  }

  private spell(response: RegistrationResponseJSON | AuthenticationResponseJSON): object {
    return this.traits.form === 'sdk' ? toHandshakeResponse(response) : response;
  }
}
