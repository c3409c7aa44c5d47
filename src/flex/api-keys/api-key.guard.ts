import { type CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { ApiKeyScope } from '../../config/configuration.js';
import { appIdProblem } from '../../config/app-rules.js';
import { databaseOutage } from '../../database/database-outage.js';
import { sqlStateOf } from '../../database/sql-state.js';
import { AppError } from '../../errors/app-error.js';
import { assertWithin, refusalOfUnknown } from '../../http/rate-limit.js';
import { isRepeated } from '../../http/repeated-header.js';
import { type ApiKeyParts, hashApiKeySecret, isSameHash, parseApiKey } from './api-key.js';
import { ApiKeyAttempts } from './api-key-attempts.js';
import { ApiKeyRepository } from './api-key.repository.js';

const BEARER = /^bearer +(\S+)$/i;
const NO_HASH = Buffer.alloc(32);

/** Under which name a route has the scope that it needs. */
export const SCOPE = 'scope of API keys';

/** Guards the routes with `@RequiresApiKey()`: admits servers that present a key of the app in the path. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly attempts: ApiKeyAttempts,
    private readonly reflector: Reflector,
  ) {}

  /**
   * Throws `invalid_api_key` for a key that is missing, malformed, unknown, wrong, revoked, expired or another app's.
   * Throws `too_many_requests` for a network that presented too many of them, and for a key with too many requests,
   * `access_denied` for a key without the scope of the route.
   */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { app: string } }>>();
    const presented = presentedKey(request);
    if (!presented) throw await invalidKey(request);
    await this.attempts.assertAllowed(request, presented.id);
    const { app: appId } = request.params;
    const key = appIdProblem(appId) === undefined ? await this.keys.findUsable(appId, presented.id) : null;
    const isRight = isSameHash(hashApiKeySecret(presented.secret), key?.secretHash ?? NO_HASH);
    if (!key || !isRight) {
      await this.attempts.wasWrong(request);
      throw await invalidKey(request);
    }
    this.attempts.wasRight(request, presented.id);
    request.trace.actor = `key:${presented.id}`;
    request.trace.appId = appId;
    request.trace.scopes = key.scopes;
    await assertWithin(request.server.counts.key, request);
    if (key.isUseUnrecorded) await this.recordUse(appId, presented.id, request.log);
    const scope = this.scopeOf(context);
    if (scope !== undefined && !key.scopes.includes(scope)) {
      throw new AppError('access_denied', { detail: `The API key needs the scope ${scope}.` });
    }
    return true;
  }

  private scopeOf(context: ExecutionContext): ApiKeyScope | undefined {
    return this.reflector.getAllAndOverride(SCOPE, [context.getHandler(), context.getClass()]);
  }

  /** Throws nothing: a request that only reads must not depend on this write. */
  private async recordUse(appId: string, id: string, log: FastifyBaseLogger): Promise<void> {
    try {
      await this.keys.recordUse(appId, id);
    } catch (error) {
      const reason = databaseOutage(error)?.reason ?? sqlStateOf(error) ?? 'unexpected error';
      log.warn({ key: id, reason }, 'The last use of an API key was not recorded');
    }
  }
}

const invalidKey = (request: FastifyRequest): Promise<unknown> =>
  refusalOfUnknown(new AppError('invalid_api_key'), request);

function presentedKey({ headers, raw }: FastifyRequest): ApiKeyParts | null {
  if (isRepeated(raw, 'authorization')) return null;
  return parseApiKey(BEARER.exec(headers.authorization ?? '')?.[1] ?? '');
}
