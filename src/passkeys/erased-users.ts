import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Erasures } from '../events/erasures.js';
import { Passage } from '../passage/passage.js';
import { UserRepository } from '../users/user.repository.js';

/** Forgets our own user with the provider's: who is erased there leaves no issuer, subject or name here. */
@Injectable()
export class ErasedUsers implements OnModuleInit {
  constructor(
    private readonly erasures: Erasures,
    private readonly users: UserRepository,
    private readonly passage: Passage,
  ) {}

  onModuleInit(): void {
    this.erasures.register(async (appId, externalId, tx) => {
      if (appId === this.passage.appId) await this.users.erase(externalId, tx);
    });
  }
}
