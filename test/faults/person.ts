import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { SoftwareAuthenticator, toHandshakeResponse } from '../support/software-authenticator.js';
import { newAddress } from '../support/http-answer.js';
import type { Ledger, LedgerPasskey } from './ledger.js';
import type { Credentials } from './credentials.js';
import type { Outcome, Traffic, Wish } from './traffic.js';

const APP = '/v1/apps/shop';
const ORIGIN = 'https://shop.example';
const THINKING = 15; // ms between two requests
const TWINS = 0.25; // of finishes and verifications are sent twice at once

/** The refusals that an assertion or a nonce gets which is of no use, or no more. */
const SPENT = [400, 401] as const;

type Kind = 'register' | 'authenticate';

interface Started<Options> {
  readonly transaction_id?: string;
  readonly handshake: { readonly id: string; readonly challenge: { readonly publicKey: Options } };
}

/** What all people of a run share. */
export interface Surroundings {
  readonly traffic: Traffic;
  readonly ledger: Ledger;
  readonly credentials: Credentials;
  /** ms for which a ceremony is left open before it is finished. */
  readonly hesitation: () => number;
}

/** Somebody of the shop, with a page, a password manager and the shop's server: does all that one can do with passkeys. */
export class Person {
  readonly subject = randomUUID();
  private readonly address = newAddress();
  /** Each passkey is in one of its own, by its credential ID. */
  private readonly authenticators = new Map<string, SoftwareAuthenticator>();
  private externalId = '';

  constructor(private readonly at: Surroundings) {}

  /** From the first passkey to the last; ends early where nothing was answered for long. */
  async live(): Promise<void> {
    const first = await this.register();
    if (!first) return;
    await this.rename(first);
    await this.signIn(first);
    await this.signIn(first, 'by the server');
    await this.failToRegister();
    const second = await this.register();
    await this.signIn(first, 'by the page');
    if (second) await this.revoke(second);
    await this.signIn(first);
    await this.list();
  }

  /** The user's API, as the person. */
  async call(method: Wish['method'], path: string, body?: object, refusals?: number[]): Promise<Outcome> {
    await pause(THINKING);
    const authorization = `Bearer ${await this.at.credentials.token(this.subject)}`;
    return this.settle({ method, path, headers: { authorization }, body, refusals });
  }

  private async register(): Promise<LedgerPasskey | null> {
    const { ledger } = this.at;
    const begun = await this.beginRegistration();
    if (!begun) return null;
    const { transactionId, body, credId } = begun;
    await pause(this.at.hesitation());
    const { status, json, doubts } = await this.finish('register', body);
    const isRegistered = status === 200;
    if (!isRegistered && doubts === 0) return null;
    const passkey = ledger.addPasskey(credId, this.subject, isRegistered);
    if (isRegistered) {
      ledger.wrote();
      ledger.useTransaction(transactionId);
      await this.verify((json as { nonce: string }).nonce, credId);
    }
    const listed = await this.list();
    return listed.has(credId) ? passkey : null;
  }

  private async beginRegistration() {
    const asked = await this.call('POST', '/passkey/register');
    if (asked.status !== 201) return null;
    const { transactionId } = asked.json as { transactionId: string };
    this.at.ledger.addTransaction(transactionId);
    const started = await this.ceremony('register', 'start', { transaction_id: transactionId });
    if (started.status !== 200) return null;
    const { handshake } = started.json as Started<PublicKeyCredentialCreationOptionsJSON>;
    const authenticator = new SoftwareAuthenticator({
      counter: Math.random() < 0.5 ? 'increasing' : 'zero',
    });
    const response = authenticator.create(handshake.challenge.publicKey, { origin: ORIGIN });
    this.authenticators.set(response.id, authenticator);
    const body = {
      transaction_id: transactionId,
      handshake_id: handshake.id,
      handshake_response: toHandshakeResponse(response),
    };
    return { transactionId, body, credId: response.id };
  }

  /** On a page of another origin. Its passkey is not to be found afterwards. */
  private async failToRegister(): Promise<void> {
    const asked = await this.call('POST', '/passkey/register');
    if (asked.status !== 201) return;
    const { transactionId } = asked.json as { transactionId: string };
    this.at.ledger.addTransaction(transactionId);
    const started = await this.ceremony('register', 'start', { transaction_id: transactionId });
    if (started.status !== 200) return;
    const { handshake } = started.json as Started<PublicKeyCredentialCreationOptionsJSON>;
    const forged = new SoftwareAuthenticator().create(handshake.challenge.publicKey, {
      origin: 'https://elsewhere.example',
    });
    await this.settle({
      ...this.ceremonyWish('register', 'finish', {
        transaction_id: transactionId,
        handshake_id: handshake.id,
        handshake_response: toHandshakeResponse(forged),
      }),
      refusals: [...SPENT],
    });
    this.at.ledger.refused.add(forged.id);
  }

  private async signIn(passkey: LedgerPasskey, how?: 'by the server' | 'by the page'): Promise<void> {
    const { ledger } = this.at;
    const transactionId = how && (await this.transaction(how));
    if (transactionId === null) return;
    const named = transactionId === undefined ? {} : { transaction_id: transactionId };
    const started = await this.ceremony('authenticate', 'start', named);
    if (started.status !== 200) return;
    const { handshake } = started.json as Started<PublicKeyCredentialRequestOptionsJSON>;
    const authenticator = this.authenticators.get(passkey.credId)!;
    const response = authenticator.get(handshake.challenge.publicKey, { origin: ORIGIN });
    await pause(this.at.hesitation());
    const { status, json, doubts } = await this.finish('authenticate', {
      ...named,
      handshake_id: handshake.id,
      handshake_response: toHandshakeResponse(response),
    });
    if (status !== 200) return void (passkey.signIns.doubtful += Math.min(1, doubts));
    ledger.wrote();
    passkey.signIns.acknowledged += 1;
    passkey.counter = authenticator.credentials[0]!.counter;
    if (transactionId !== undefined) ledger.useTransaction(transactionId);
    await this.verify((json as { nonce: string }).nonce, passkey.credId);
  }

  private async transaction(how: 'by the server' | 'by the page'): Promise<string | null> {
    if (how === 'by the page') {
      const { status, json } = await this.call('POST', '/user/authenticate-with-passkey');
      if (status !== 201) return null;
      const { transactionId } = json as { transactionId: string };
      this.at.ledger.addTransaction(transactionId);
      return transactionId;
    }
    const { status, json } = await this.askServer('POST', '/transactions/authenticate', {
      external_id: this.externalId,
    });
    if (status !== 201) return null;
    const { transaction_id: id } = json as { transaction_id: string };
    this.at.ledger.addTransaction(id);
    return id;
  }

  /** Has the shop's server use the nonce up; twice at once at times, and once more when it is used up. */
  private async verify(nonce: string, credId: string): Promise<void> {
    const { ledger } = this.at;
    ledger.addNonce(nonce, credId);
    const ask = () => this.askServer('POST', '/authenticate/verify', { nonce }, [...SPENT]);
    const tries = await Promise.all(Math.random() < TWINS ? [ask(), ask()] : [ask()]);
    const acknowledged = tries.filter(({ status }) => status === 200).length;
    const doubtful = tries.reduce((sum, { doubts }) => sum + doubts, 0);
    ledger.useNonce(nonce, { acknowledged, doubtful });
    if (acknowledged === 0 && doubtful === 0) ledger.lost.push('a nonce was not accepted');
    if (acknowledged === 0) return;
    const again = await ask();
    ledger.useNonce(nonce, { acknowledged: again.status === 200 ? 1 : 0, doubtful: 0 });
  }

  private async rename(passkey: LedgerPasskey): Promise<void> {
    const id = (await this.list()).get(passkey.credId);
    if (id === undefined) return;
    const friendlyName = `Named ${passkey.credId.slice(0, 8)}`;
    const { status, doubts } = await this.call('PATCH', `/user/devices/${id}`, { friendlyName });
    passkey.renames.doubtful += doubts;
    if (status !== 200) return;
    this.at.ledger.wrote();
    passkey.renames.acknowledged += 1;
    passkey.names = [friendlyName];
  }

  private async revoke(passkey: LedgerPasskey): Promise<void> {
    const id = (await this.list()).get(passkey.credId);
    if (id === undefined) return;
    passkey.revocation = 'doubtful';
    // It was revoked by a try before, where that had no answer.
    const { status } = await this.call('DELETE', `/user/devices/${id}`, undefined, [404]);
    if (status !== 204) return;
    this.at.ledger.wrote();
    passkey.revocation = 'acknowledged';
  }

  /** The person's passkeys, id by credential ID. What was acknowledged has to be among them. */
  private async list(): Promise<ReadonlyMap<string, string>> {
    const { ledger } = this.at;
    const { status, json } = await this.call('GET', '/user/devices');
    if (status !== 200) return new Map();
    const { externalId, passkeys } = json as {
      externalId: string | null;
      passkeys: readonly { id: string; credId: string }[];
    };
    this.externalId = externalId ?? '';
    const listed = new Map(passkeys.map(({ credId, id }) => [credId, id]));
    for (const { credId, subject, isRegistered, revocation } of ledger.passkeys.values()) {
      if (subject !== this.subject) continue;
      const isThere = listed.has(credId);
      if (isRegistered && revocation === 'none' && !isThere) ledger.lost.push('a passkey was not listed');
      if (revocation === 'acknowledged' && isThere) ledger.lost.push('a revoked passkey was listed');
    }
    return listed;
  }

  /** Sends a finish until it is settled; twice at once at times. Of twins, the one that was acknowledged counts. */
  private async finish(kind: Kind, body: object): Promise<Outcome> {
    const { ledger } = this.at;
    const wish = { ...this.ceremonyWish(kind, 'finish', body), refusals: [...SPENT] };
    const twins = await Promise.all(
      Math.random() < TWINS ? [this.settle(wish), this.settle(wish)] : [this.settle(wish)],
    );
    const acknowledged = twins.filter(({ status }) => status === 200);
    const doubts = twins.reduce((sum, twin) => sum + twin.doubts, 0);
    if (acknowledged.length > 1) ledger.twice.push('a handshake was finished twice');
    if (acknowledged.length === 0 && doubts === 0) ledger.lost.push(`a finish (${kind}) was refused`);
    return { ...(acknowledged[0] ?? twins[0]), doubts };
  }

  private ceremony(kind: Kind, step: 'start' | 'finish', body: object): Promise<Outcome> {
    return this.settle(this.ceremonyWish(kind, step, body));
  }

  private ceremonyWish(kind: Kind, step: 'start' | 'finish', body: object): Wish {
    const path = `${APP}/${kind}/transactions/webauthn/${step}`;
    return { method: 'POST', path, headers: { origin: ORIGIN }, body };
  }

  /** The management side, as the shop's server. */
  private async askServer(
    method: Wish['method'],
    path: string,
    body?: object,
    refusals?: number[],
  ): Promise<Outcome> {
    const authorization = `Bearer ${this.at.credentials.apiKey}`;
    return this.settle({ method, path: APP + path, headers: { authorization }, body, refusals });
  }

  private settle(wish: Wish): Promise<Outcome> {
    const headers = { ...wish.headers, 'x-forwarded-for': this.address };
    return this.at.traffic.settle({ ...wish, headers });
  }
}
