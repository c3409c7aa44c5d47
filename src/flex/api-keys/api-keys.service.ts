import { Injectable } from '@nestjs/common';
import { AppRepository } from '../apps/app.repository.js';
import { appNotFound } from '../apps/apps.service.js';
import type { ApiKeyScope } from '../../config/configuration.js';
import { OperatorError } from '../../errors/operator-error.js';
import { type ApiKeyRecord, hashApiKeySecret, makeApiKey } from './api-key.js';
import { ApiKeyRepository } from './api-key.repository.js';

/** A key that was just created: the only time that its secret is shown. */
export interface NewApiKey extends ApiKeyRecord {
  /** `kw_<id>_<secret>`. */
  readonly key: string;
}

/** Creates, lists and revokes API keys for an operator. Throws `OperatorError`, and then nothing was changed. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly apps: AppRepository,
  ) {}

  /**
   * Adds a key to those of the app; `lifetime` in seconds, null for one that never expires; `scopes` are what it may do beyond
   * the protocol. Throws `app_not_found`.
   */
  async create(
    appId: string,
    lifetime: number | null,
    scopes: readonly ApiKeyScope[] = [],
  ): Promise<NewApiKey> {
    const { id, secret, key } = makeApiKey();
    const stored = { id, secretHash: hashApiKeySecret(secret), scopes };
    const created = await this.keys.create(appId, stored, lifetime);
    if (!created) throw appNotFound(appId);
    return { ...created, key };
  }

  /** Every key that the app ever had, oldest first. Throws `app_not_found`. */
  async list(appId: string): Promise<ApiKeyRecord[]> {
    if (!(await this.apps.find(appId))) throw appNotFound(appId);
    return this.keys.list(appId);
  }

  /** Takes effect at once, on every replica, and cannot be undone. Throws `key_not_found`. */
  async revoke(id: string): Promise<ApiKeyRecord> {
    const revoked = await this.keys.revoke(id);
    if (!revoked) throw new OperatorError('key_not_found', `There is no API key ${JSON.stringify(id)}.`);
    return revoked;
  }
}
