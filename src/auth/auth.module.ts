import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtStrategy } from './jwt.strategy.js';
import { UserGuard } from './user.guard.js';

/** Puts every route of the application behind a user's token, unless it is `@Public()`. */
@Module({ providers: [JwtStrategy, { provide: APP_GUARD, useClass: UserGuard }] })
export class AuthModule {}
