import { type CanActivate, ExecutionContext, Injectable, type OnModuleInit } from '@nestjs/common';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { databaseOutage } from '../../database/database-outage.js';
import { sqlStateOf } from '../../database/sql-state.js';
import { AccessPolicy } from '../../http/access-policy.js';
import { AppError } from '../../errors/app-error.js';
import { hasSeveralAuthorizations } from '../../http/authorization.js';
import { networkOf } from '../../http/request-counts.js';
import { type ApiKeyParts, hashApiKeySecret, isSameHash, parseApiKey } from './api-key.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { KeyAttempts } from './key-attempts.js';

const BEARER = /^bearer +(\S+)$/i;
const NO_HASH = Buffer.alloc(32);

/** Guards the routes with `@Access('app')`: lets a server pass that shows a key of the app in the path. */
@Injectable()
export class ApiKeyGuard implements CanActivate, OnModuleInit {
  constructor(
    private readonly policy: AccessPolicy,
    private readonly keys: ApiKeyRepository,
    private readonly attempts: KeyAttempts,
  ) {}

  onModuleInit(): void {
    this.policy.register('app', this);
  }

  /**
   * Throws `invalid_api_key`: missing, malformed, unknown, wrong, revoked, expired or another app's. Throws
   * `too_many_requests` where too many of them came from.
   */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { app: string } }>>();
    const presented = presentedKey(request);
    if (!presented) throw new AppError('invalid_api_key');
    const network = networkOf(request);
    this.attempts.assertAllowed(network, presented.id);
    const key = await this.keys.findUsable(presented.id);
    const isRight = isSameHash(hashApiKeySecret(presented.secret), key?.secretHash ?? NO_HASH);
    if (!key || !isRight || key.appId !== request.params.app) {
      this.attempts.wasWrong(network);
      throw new AppError('invalid_api_key');
    }
    this.attempts.wasRight(network, presented.id);
    request.trace.actor = `key:${presented.id}`;
    request.trace.appId = key.appId;
    if (key.isUseUnrecorded) await this.recordUse(presented.id, request.log);
    return true;
  }

  /** Throws nothing: a request that only reads must not depend on this write. */
  private async recordUse(id: string, log: FastifyBaseLogger): Promise<void> {
    try {
      await this.keys.recordUse(id);
    } catch (error) {
      const reason = databaseOutage(error)?.reason ?? sqlStateOf(error) ?? 'unexpected error';
      log.warn({ key: id, reason }, 'The last use of an API key was not recorded');
    }
  }
}

function presentedKey({ headers, raw }: FastifyRequest): ApiKeyParts | null {
  if (hasSeveralAuthorizations(raw)) return null;
  return parseApiKey(BEARER.exec(headers.authorization ?? '')?.[1] ?? '');
}
