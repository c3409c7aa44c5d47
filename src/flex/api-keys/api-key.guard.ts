import { type CanActivate, ExecutionContext, Injectable, type OnModuleInit } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AccessPolicy } from '../../http/access-policy.js';
import { AppError } from '../../http/app-error.js';
import { hashApiKeySecret, isSameHash, parseApiKey } from './api-key.js';
import { ApiKeyRepository } from './api-key.repository.js';

const BEARER = /^bearer +(\S+)$/i;
const NO_HASH = Buffer.alloc(32);

/** Guards the routes with `@Access('app')`: lets a server pass that shows a key of the app in the path. */
@Injectable()
export class ApiKeyGuard implements CanActivate, OnModuleInit {
  constructor(
    private readonly policy: AccessPolicy,
    private readonly keys: ApiKeyRepository,
  ) {}

  onModuleInit(): void {
    this.policy.register('app', this);
  }

  /** Throws `invalid_api_key`: missing, malformed, unknown, wrong, revoked, expired or another app's. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { app: string } }>>();
    const presented = parseApiKey(BEARER.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (!presented) throw new AppError('invalid_api_key');
    const key = await this.keys.findUsable(presented.id);
    const isRight = isSameHash(hashApiKeySecret(presented.secret), key?.secretHash ?? NO_HASH);
    if (!key || !isRight || key.appId !== request.params.app) throw new AppError('invalid_api_key');
    request.trace.actor = `key:${presented.id}`;
    if (key.isUseUnrecorded) await this.keys.recordUse(presented.id);
    return true;
  }
}
