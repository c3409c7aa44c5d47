import { Module } from '@nestjs/common';
import { ExternalIds } from './external-ids.js';
import { UserRepository } from './user.repository.js';

/** Our own users: which external ID an identity has. */
@Module({ providers: [UserRepository, ExternalIds], exports: [UserRepository, ExternalIds] })
export class UsersModule {}
