import { Module, type OnModuleInit } from '@nestjs/common';
import { AccessPolicy } from '../http/access-policy.js';
import { JwtStrategy } from './jwt.strategy.js';
import { UserGuard } from './user.guard.js';

/** Guards the routes with `@Access('user')`; `Configuration` and `AccessPolicy` come from global modules. */
@Module({ providers: [JwtStrategy, UserGuard] })
export class AuthModule implements OnModuleInit {
  constructor(
    private readonly policy: AccessPolicy,
    private readonly guard: UserGuard,
  ) {}

  onModuleInit(): void {
    this.policy.register('user', this.guard);
  }
}
