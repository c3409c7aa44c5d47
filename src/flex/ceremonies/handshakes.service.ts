import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { AppError } from '../../errors/app-error.js';
import type { UserVerification } from '../../webauthn/relying-party.js';
import type { AppPolicy } from '../apps/app.js';
import { hashOf } from '../bearer-secret.js';
import type { CeremonyKind } from '../transactions/transaction.entity.js';
import { FinishRefusal } from './finish-refusal.js';

/** What one started ceremony is bound to. It travels with the client, so that starting writes nothing. */
export interface Handshake {
  readonly kind: CeremonyKind;
  readonly appId: string;
  /** 32 random bytes, base64url; also what makes the handshake unique. */
  readonly challenge: string;
  /** SHA-256 of the transaction id, base64url; null for a discoverable sign-in. */
  readonly transaction: string | null;
  /** The policy at the start: a finish is held to this or to something stricter. */
  readonly rpId: string;
  readonly userVerification: UserVerification;
  readonly algorithms: readonly number[];
  /** The strict rules that held; absent in handshakes of a version before these rules. */
  readonly strict?: readonly StrictRule[];
  /**
   * Which AAGUIDs a registration was begun under ({@link aaguidListsOf}); absent if any. The lists themselves have no room
   * here, so that a finish is refused once they have changed.
   */
  readonly aaguids?: string;
  /** Whether its transaction is of an automatic upgrade; absent if not. */
  readonly conditional?: true;
  /** Milliseconds since the epoch, by the database's clock. */
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

type StrictRule = keyof typeof STRICT;

/** The rules that refuse more where they hold, and when they do. */
const STRICT = {
  judgesAttestation: ({ attestation }) => attestation !== 'none',
  requiresTrust: ({ attestationTrust }) => attestationTrust === 'required',
  // A proven model does not change whether its passkeys are synced.
  refusesBackupChange: ({ backupEligibilityChange, aaguidAllow }) =>
    backupEligibilityChange === 'refuse' || aaguidAllow !== null,
  refusesUnknownFrames: ({ relyingParty }) => relyingParty.unknownFrames === 'refuse',
  // A transaction of the user's API that was given without step-up adds a first passkey alone.
  refusesUnproven: ({ stepUp }) => stepUp !== 'off',
} as const satisfies Record<string, (app: AppPolicy) => boolean>;

const STRICT_RULES = Object.keys(STRICT) as StrictRule[];

const VERSION = 'kh1';
const PURPOSE = 'keyway handshake token, version 1, HMAC-SHA-256';
const MAX_LENGTH = 1024;
/** By how much what replicas know of the database's clock may differ, in milliseconds. */
const MAX_AHEAD = 30_000;
const TOKEN = /^kh1\.(\d{1,12})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

/** Signs handshakes as compact tokens, and reads back those that are authentic and in time. */
class HandshakeSealer {
  private readonly keys: readonly KeyObject[];

  /** @param secrets key material, 32 bytes or more each: the first signs, all verify. */
  constructor(secrets: readonly Buffer[]) {
    // As key objects: with bare bytes, making an HMAC costs ten times as much.
    this.keys = secrets.map((secret) =>
      createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32))),
    );
  }

  /** An opaque token of at most 1024 characters. */
  seal({ expiresAt, ...content }: Handshake): string {
    const payload = Buffer.from(JSON.stringify(content)).toString('base64url');
    const signed = `${VERSION}.${expiresAt}.${payload}`;
    return `${signed}.${macOf(signed, this.keys[0]!).toString('base64url')}`;
  }

  /** The handshake, or null if its signature is wrong or it has expired; nothing else in it is read before that is known. */
  open(token: string, now: number): Handshake | null {
    const parts = token.length <= MAX_LENGTH ? TOKEN.exec(token) : null;
    if (!parts) return null;
    const [, expiresAt, payload, mac] = parts as unknown as [string, string, string, string];
    if (!this.isAuthentic(`${VERSION}.${expiresAt}.${payload}`, Buffer.from(mac, 'base64url'))) return null;
    if (Number(expiresAt) * 1000 <= now) return null;
    const content = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Omit<Handshake, 'expiresAt'>;
    return { ...content, expiresAt: Number(expiresAt) };
  }

  private isAuthentic(signed: string, mac: Buffer): boolean {
    return this.keys.some((key) => timingSafeEqual(macOf(signed, key), mac));
  }
}

const macOf = (signed: string, key: KeyObject): Buffer => createHmac('sha256', key).update(signed).digest();

/** What verification is held to: the stricter of the policy at the start and the policy now. */
export interface Expectations {
  readonly challenge: string;
  readonly relyingParty: AppPolicy['relyingParty'];
  readonly requireUserVerification: boolean;
  readonly algorithms: readonly number[];
  /** Whether a certificate that is not as it should be refuses a registration. */
  readonly judgesAttestation: boolean;
  readonly requiresTrust: boolean;
  readonly refusesBackupChange: boolean;
  readonly refusesUnproven: boolean;
  /** Whether the user may have been neither present nor verified (WebAuthn Level 3 §7.1 step 15). */
  readonly isConditional: boolean;
}

/** What a handshake is issued for, beside the app. */
export interface HandshakeSubject {
  /** SHA-256 of the transaction's id; null for a discoverable sign-in. */
  readonly hash: Buffer | null;
  /** The database's, in milliseconds since the epoch. */
  readonly now: number;
  /** Whether the transaction is of an automatic upgrade. */
  readonly conditional?: boolean;
}

/** Issues handshakes and holds finishes to them. */
@Injectable()
export class HandshakesService {
  private readonly sealer: HandshakeSealer;

  constructor(
    configuration: Configuration,
    private readonly clock: DatabaseClock,
  ) {
    this.sealer = new HandshakeSealer(embeddedPassageOf(configuration).secrets);
  }

  /** Binds a new challenge to app, kind and transaction. */
  issue(
    kind: CeremonyKind,
    app: AppPolicy,
    { hash, now, conditional = false }: HandshakeSubject,
  ): { readonly id: string; readonly challenge: string } {
    const challenge = randomBytes(32).toString('base64url');
    const id = this.sealer.seal({
      kind,
      appId: app.id,
      challenge,
      transaction: hash && hash.toString('base64url'),
      rpId: app.relyingParty.id,
      userVerification: app.userVerification,
      algorithms: app.algorithms,
      ...(conditional && { conditional }),
      ...(kind === 'register' && aaguidListsOf(app)),
      strict: STRICT_RULES.filter((rule) => STRICT[rule](app)),
      issuedAt: Math.floor(now),
      expiresAt: Math.floor(now / 1000) + app.lifetimes.handshake,
    });
    return { id, challenge };
  }

  /** The handshake of a token; null if this service did not issue it or it has expired. */
  async open(id: string): Promise<Handshake | null> {
    return this.sealer.open(id, await this.clock.exactly());
  }

  /** Whether this service issued it and it has not expired; asks no database. */
  async isAuthentic(id: string): Promise<boolean> {
    return (await this.open(id)) !== null;
  }

  /** Throws `FinishRefusal` if the handshake, just opened, was for something else or the app no longer allows it. */
  expectationsOf(handshake: Handshake, kind: CeremonyKind, app: AppPolicy): Expectations {
    if (handshake.kind !== kind) throw new FinishRefusal('handshake_of_other_kind');
    if (handshake.appId !== app.id) throw new FinishRefusal('handshake_of_other_app');
    if (handshake.rpId !== app.relyingParty.id) throw new FinishRefusal('rp_id_changed');
    // Those who set lists later are heard at the finish itself.
    if (handshake.aaguids !== undefined && handshake.aaguids !== aaguidListsOf(app).aaguids) {
      throw new FinishRefusal('aaguid_lists_changed');
    }
    const now = this.clock.now();
    if (handshake.issuedAt > now + MAX_AHEAD) throw new FinishRefusal('handshake_of_the_future');
    if (expiryOf(handshake, app) * 1000 <= now) throw new FinishRefusal('handshake_expired');
    const isConditional = handshake.conditional === true;
    if (isConditional && app.conditionalCreate === 'off') throw new FinishRefusal('conditional_create_off');
    const holds = (rule: StrictRule) => STRICT[rule](app) || (handshake.strict ?? []).includes(rule);
    return {
      challenge: handshake.challenge,
      relyingParty: {
        ...app.relyingParty,
        unknownFrames: holds('refusesUnknownFrames') ? 'refuse' : 'allow',
      },
      requireUserVerification:
        !isConditional && [handshake.userVerification, app.userVerification].includes('required'),
      algorithms: handshake.algorithms.filter((algorithm) => app.algorithms.includes(algorithm)),
      isConditional,
      judgesAttestation: holds('judgesAttestation'),
      requiresTrust: holds('requiresTrust'),
      refusesBackupChange: holds('refusesBackupChange'),
      refusesUnproven: holds('refusesUnproven'),
    };
  }
}

/** A hash of the app's lists of AAGUIDs; absent without any. */
function aaguidListsOf({ aaguidAllow, aaguidDeny }: AppPolicy): { readonly aaguids?: string } {
  if (aaguidAllow === null && aaguidDeny.length === 0) return {};
  const lists = [aaguidAllow?.toSorted() ?? null, aaguidDeny.toSorted()];
  return { aaguids: hashOf(JSON.stringify(lists)).toString('base64url') };
}

/** When a handshake expires, in seconds since the epoch: an app that has shortened their lifetime does so at once. */
export const expiryOf = ({ issuedAt, expiresAt }: Handshake, { lifetimes }: AppPolicy): number =>
  Math.min(expiresAt, Math.floor(issuedAt / 1000) + lifetimes.handshake);

/**
 * The hash of the transaction that both the handshake and the finish name; null where neither names one. Throws
 * `transaction_not_found` if the finish names another one, and `FinishRefusal` if it names none where the handshake does.
 */
export function transactionOf(handshake: Handshake, transactionId: string): Buffer;
export function transactionOf(handshake: Handshake, transactionId: string | null): Buffer | null;
export function transactionOf(handshake: Handshake, transactionId: string | null): Buffer | null {
  if (transactionId === null) {
    if (handshake.transaction !== null) throw new FinishRefusal('transaction_missing');
    return null;
  }
  const hash = hashOf(transactionId);
  if (hash.toString('base64url') !== handshake.transaction) throw new AppError('transaction_not_found');
  return hash;
}
