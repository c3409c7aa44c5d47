import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../auth/caller.js';
import { UserRepository } from '../users/user.repository.js';

const MAX_KEPT = 50_000;

/**
 * Which external ID a caller goes by. It does not change once it is made, short of the user's erasure, so the ones in
 * use are kept for the list of passkeys; that there is none yet is asked anew each time.
 */
@Injectable()
export class ExternalIds {
  private readonly kept = new LRUCache<string, { externalId: string; username: string }>({ max: MAX_KEPT });

  constructor(private readonly users: UserRepository) {}

  /** For reading only: the answer may come from memory. Null if the caller has no passkeys yet. */
  async recent(caller: Caller): Promise<string | null> {
    const key = keyOf(caller);
    const known = this.kept.get(key) ?? (await this.users.find(caller));
    if (!known) return null;
    if (known.username !== caller.username) await this.users.keepUsername(caller, caller.username);
    const { externalId } = known;
    if (externalId !== null) this.kept.set(key, { externalId, username: caller.username });
    return externalId;
  }

  /** For reading only, past what is in memory, as an erasure may have been another replica's. */
  renewed(caller: Caller): Promise<string | null> {
    this.kept.delete(keyOf(caller));
    return this.recent(caller);
  }

  /** As the row has it now, for whatever changes something. Null if the caller has no passkeys yet. */
  async current(caller: Caller): Promise<string | null> {
    return (await this.users.find(caller))?.externalId ?? null;
  }
}

const keyOf = ({ issuer, subject }: Caller): string => `${issuer}\0${subject}`;
