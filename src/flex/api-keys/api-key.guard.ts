import { type CanActivate, ExecutionContext, Injectable, type OnModuleInit } from '@nestjs/common';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { appIdProblem } from '../../config/app-rules.js';
import { databaseOutage } from '../../database/database-outage.js';
import { sqlStateOf } from '../../database/sql-state.js';
import { AppError } from '../../errors/app-error.js';
import { AccessPolicy } from '../../http/access-policy.js';
import { hasSeveralAuthorizations } from '../../http/authorization.js';
import { tooManyRequests } from '../../http/rate-limit.js';
import { networkOf, RequestCounts } from '../../http/request-counts.js';
import { type ApiKeyParts, hashApiKeySecret, isSameHash, parseApiKey } from './api-key.js';
import { ApiKeyRepository } from './api-key.repository.js';

const BEARER = /^bearer +(\S+)$/i;
const NO_HASH = Buffer.alloc(32);

/** Guards the routes with `@Access('app')`: admits servers that present a key of the app in the path. */
@Injectable()
export class ApiKeyGuard implements CanActivate, OnModuleInit {
  private readonly attempts = new KeyAttempts();

  constructor(
    private readonly policy: AccessPolicy,
    private readonly keys: ApiKeyRepository,
  ) {}

  onModuleInit(): void {
    this.policy.register('app', this);
  }

  /**
   * Throws `invalid_api_key` for a key that is missing, malformed, unknown, wrong, revoked, expired or another app's.
   * Throws `too_many_requests` for a network that presented too many of them.
   */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { app: string } }>>();
    const presented = presentedKey(request);
    if (!presented) throw new AppError('invalid_api_key');
    const network = networkOf(request);
    this.attempts.assertAllowed(network, presented.id);
    const { app: appId } = request.params;
    const key = appIdProblem(appId) === undefined ? await this.keys.findUsable(appId, presented.id) : null;
    const isRight = isSameHash(hashApiKeySecret(presented.secret), key?.secretHash ?? NO_HASH);
    if (!key || !isRight) {
      this.attempts.wasWrong(network);
      throw new AppError('invalid_api_key');
    }
    this.attempts.wasRight(network, presented.id);
    request.trace.actor = `key:${presented.id}`;
    request.trace.appId = appId;
    if (key.isUseUnrecorded) await this.recordUse(appId, presented.id, request.log);
    return true;
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

function presentedKey({ headers, raw }: FastifyRequest): ApiKeyParts | null {
  if (hasSeveralAuthorizations(raw)) return null;
  return parseApiKey(BEARER.exec(headers.authorization ?? '')?.[1] ?? '');
}

const TRUSTED_FOR = 86_400_000; // ms
const MAX_TRUSTED = 10_000;
const TRICKLE = 1_000; // ms
const MAX_NETWORKS = 20_000;

/**
 * Counts the wrong API keys that each network presents. From a network with too many, one key a second is looked up, and
 * every key that was right from there within a day (which does not say that it still is): a stranger behind the same
 * proxy does not lock out a server that works.
 */
class KeyAttempts {
  private readonly failures = new RequestCounts();
  private readonly trickles = new LRUCache<string, true>({ max: MAX_NETWORKS, ttl: TRICKLE });
  private readonly trusted = new LRUCache<string, true>({ max: MAX_TRUSTED, ttl: TRUSTED_FOR });

  /** Throws `too_many_requests`. */
  assertAllowed(network: string, keyId: string): void {
    const wait = this.failures.wait(network);
    if (wait === 0 || this.trusted.has(`${network} ${keyId}`)) return;
    if (this.trickles.has(network)) throw tooManyRequests(wait);
    this.trickles.set(network, true);
  }

  wasRight(network: string, keyId: string): void {
    this.trusted.set(`${network} ${keyId}`, true);
  }

  wasWrong(network: string): void {
    this.failures.add(network);
  }
}
