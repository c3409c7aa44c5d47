import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Identity, UserRepository } from './user.repository.js';

const MAX_KEPT = 50_000;

/** An identity with the display name that its token has. */
export type NamedIdentity = Identity & { readonly username: string };

/**
 * The external IDs of identities. One that was made stays until its user is erased, so those in use are kept in memory for
 * lists of passkeys; the absence of one is not kept.
 */
@Injectable()
export class ExternalIds {
  private readonly kept = new LRUCache<string, { externalId: string; username: string }>({ max: MAX_KEPT });

  constructor(private readonly users: UserRepository) {}

  /** For reading only: the answer may come from memory. Null if the user has no passkeys yet. */
  async recent(user: NamedIdentity): Promise<string | null> {
    const key = keyOf(user);
    const known = this.kept.get(key) ?? (await this.users.find(user));
    if (!known) return null;
    if (known.username !== user.username) await this.users.keepUsername(user, user.username);
    const { externalId } = known;
    if (externalId !== null) this.kept.set(key, { externalId, username: user.username });
    return externalId;
  }

  /** For reading only, but not from memory: an erasure may have been another replica's. */
  renewed(user: NamedIdentity): Promise<string | null> {
    this.kept.delete(keyOf(user));
    return this.recent(user);
  }

  /** As the row has it now, for every change. Null if the user has no passkeys yet. */
  async current(user: Identity): Promise<string | null> {
    return (await this.users.find(user))?.externalId ?? null;
  }
}

const keyOf = ({ issuer, subject }: Identity): string => `${issuer}\0${subject}`;
