import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Ties, type TokenHolder } from './ties.js';
import { type Identity, type KnownUser, UserRepository } from './user.repository.js';

const MAX_KEPT = 50_000;
const KEPT_FOR = 5_000; // ms

/**
 * The external IDs of those who hold a token. Where a claim of the token counts, the first call of any kind makes the tie.
 * Ties are kept in memory for five seconds, for lists of passkeys alone; the absence of one is not kept. Each call may
 * throw `external_id_missing` and `external_id_conflict`.
 */
@Injectable()
export class ExternalIds {
  // A changed username does not prolong the tie's five seconds.
  private readonly kept = new LRUCache<string, KnownUser>({
    max: MAX_KEPT,
    ttl: KEPT_FOR,
    noUpdateTTL: true,
  });

  constructor(
    private readonly users: UserRepository,
    private readonly ties: Ties,
  ) {}

  /** For reading only: the answer may come from memory. Null if the user has no passkeys yet. */
  async recent(user: TokenHolder, appId: string): Promise<string | null> {
    const key = keyOf(user);
    const kept = this.kept.get(key);
    const known = await this.settle(user, appId, kept ?? (await this.users.find(user)));
    if (!known) return null;
    const { username } = user;
    if (known.username !== username) await this.users.keepUsername(user, username);
    if (known !== kept || known.username !== username) this.kept.set(key, { ...known, username });
    return known.externalId;
  }

  /** For reading only, but not from memory: an erasure may have been another replica's. */
  renewed(user: TokenHolder, appId: string): Promise<string | null> {
    this.forget(user);
    return this.recent(user, appId);
  }

  /** As the row has it now, for every change. Null if the user has no passkeys yet. */
  async current(user: TokenHolder, appId: string): Promise<string | null> {
    return (await this.currentTie(user, appId))?.externalId ?? null;
  }

  /** The same with the time since when the two are tied. */
  async currentTie(
    user: TokenHolder,
    appId: string,
  ): Promise<{ readonly externalId: string; readonly tiedAt: Date } | null> {
    const known = await this.settle(user, appId, await this.users.find(user));
    return known?.externalId == null ? null : { externalId: known.externalId, tiedAt: known.tiedAt };
  }

  /** The same for a user who adds a passkey: made now if there was none. */
  async made(user: TokenHolder, appId: string): Promise<string> {
    return (await this.current(user, appId)) ?? this.ties.make(user, appId);
  }

  /** Reads the tie of an identity anew from now on, as it was changed here. */
  forget(identity: Identity): void {
    this.kept.delete(keyOf(identity));
  }

  /** Undoes the tie of a user who erases themself, if it still is as given. */
  async undo(user: TokenHolder, appId: string, externalId: string): Promise<void> {
    await this.ties.undoOwn(user, appId, externalId);
    this.forget(user);
  }

  /** The operator's tie and our own prevail over a claim, which is then not compared. */
  private async settle(user: TokenHolder, appId: string, known: KnownUser | null): Promise<KnownUser | null> {
    if (known?.externalId == null) return user.claim ? this.ties.claim(user, appId) : null;
    if (user.claim && known.tiedBy === 'claim') await this.ties.requireSame(user, appId, known.externalId);
    return known;
  }
}

const keyOf = ({ issuer, subject }: Identity): string => `${issuer}\0${subject}`;
