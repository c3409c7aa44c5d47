import { createHash } from 'node:crypto';

/** What a passkey's owner was told of it. */
export interface LedgerPasskey {
  readonly credId: string;
  readonly subject: string;
  /** Whether its registration was acknowledged; else it may be there or not. */
  readonly isRegistered: boolean;
  /** Names that it may have: one if the renaming was acknowledged. */
  names: readonly string[] | null;
  renames: Count;
  signIns: Count;
  /** Of the last sign-in that was acknowledged. */
  counter: number;
  revocation: 'none' | 'doubtful' | 'acknowledged';
}

/** Writes that were acknowledged, and tries that may have been carried out all the same. */
export interface Count {
  acknowledged: number;
  doubtful: number;
}

/** Proof that a page holds, by its SHA-256 in hex as the tables have it. */
interface LedgerProof {
  readonly credId: string;
  /** How many answers said that it was used up now. */
  uses: number;
  /** Tries that may have used it up. */
  doubtfulUses: number;
}

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Every write that was acknowledged while the load ran, and what may have been written. */
export class Ledger {
  readonly passkeys = new Map<string, LedgerPasskey>();
  readonly nonces = new Map<string, LedgerProof>();
  /** By hash: how many finishes on each transaction were acknowledged. */
  readonly transactions = new Map<string, number>();
  /** Credential IDs of registrations that were refused. */
  readonly refused = new Set<string>();
  /** Acknowledged writes. */
  writes = 0;
  /** What was acknowledged twice though it may happen once, in words. */
  readonly twice: string[] = [];
  /** What was not there any more, or not as it was acknowledged, in words. */
  readonly lost: string[] = [];

  wrote(): void {
    this.writes += 1;
  }

  addPasskey(credId: string, subject: string, isRegistered: boolean): LedgerPasskey {
    const none = (): Count => ({ acknowledged: 0, doubtful: 0 });
    const passkey: LedgerPasskey = {
      credId,
      subject,
      isRegistered,
      names: null,
      renames: none(),
      signIns: none(),
      counter: 0,
      revocation: 'none',
    };
    this.passkeys.set(credId, passkey);
    return passkey;
  }

  addTransaction(id: string): void {
    this.wrote();
    this.transactions.set(hashOf(id), 0);
  }

  useTransaction(id: string): void {
    const uses = this.transactions.get(hashOf(id))! + 1;
    this.transactions.set(hashOf(id), uses);
    if (uses > 1) this.twice.push('a transaction was finished twice');
  }

  addNonce(nonce: string, credId: string): void {
    if (this.nonces.has(hashOf(nonce))) this.twice.push('a nonce was given twice');
    this.nonces.set(hashOf(nonce), { credId, uses: 0, doubtfulUses: 0 });
  }

  useNonce(nonce: string, { acknowledged, doubtful }: Count): void {
    const proof = this.nonces.get(hashOf(nonce))!;
    proof.uses += acknowledged;
    proof.doubtfulUses += doubtful;
    this.writes += acknowledged;
    if (proof.uses > 1) this.twice.push('a nonce was verified twice');
  }
}
