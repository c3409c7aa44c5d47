import { Module } from '@nestjs/common';
import { ExternalIds } from './external-ids.js';
import { TieMarkRepository } from './tie-mark.repository.js';
import { Ties } from './ties.js';
import { UserRepository } from './user.repository.js';

/** Our own users: which external ID an identity has. */
@Module({
  providers: [UserRepository, TieMarkRepository, Ties, ExternalIds],
  exports: [UserRepository, TieMarkRepository, Ties, ExternalIds],
})
export class UsersModule {}
