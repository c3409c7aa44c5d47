import { Injectable } from '@nestjs/common';
import { appIdProblem } from '../../config/app-rules.js';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { AppError } from '../../errors/app-error.js';
import { currentRequest } from '../../http/request-context.js';
import { type AppPolicy, type StoredApp, toPolicy } from './app.js';
import { AppRepository } from './app.repository.js';

const CACHE_FOR = 5_000; // ms

/** Reads the policies of apps. Those of existing apps are kept for five seconds, for callers that accept a kept one. */
@Injectable()
export class AppPolicies {
  private readonly kept = new Map<string, { readonly policy: AppPolicy; readonly until: number }>();

  constructor(
    private readonly apps: AppRepository,
    private readonly configuration: Configuration,
  ) {}

  /** The app as it is now: for requests that finish or change something. Throws `app_not_found`. */
  async get(id: string): Promise<AppPolicy> {
    return this.of(id, appIdProblem(id) === undefined ? await this.apps.find(id) : null);
  }

  /** The policy of an app that was just looked for by its id, together with something else. Throws `app_not_found`. */
  of(id: string, app: StoredApp | null): AppPolicy {
    if (!app) {
      this.kept.delete(id);
      throw new AppError('app_not_found');
    }
    return nameInLog(toPolicy(app, embeddedPassageOf(this.configuration).lifetimes));
  }

  /** The app as it was at most five seconds ago: for starts of ceremonies and for CORS. Throws `app_not_found`. */
  async getRecent(id: string): Promise<AppPolicy> {
    const recent = this.peekRecent(id);
    if (recent) return nameInLog(recent);
    const policy = await this.get(id);
    this.kept.set(id, { policy, until: Date.now() + CACHE_FOR });
    return policy;
  }

  /** What `getRecent` would give without asking the database; undefined if it would have to ask. */
  peekRecent(id: string): AppPolicy | undefined {
    const kept = this.kept.get(id);
    return kept && kept.until > Date.now() ? kept.policy : undefined;
  }

  /** The app as it was last read, however long ago: only for CORS of the answer that there were too many requests. */
  peekLast(id: string): AppPolicy | undefined {
    return this.kept.get(id)?.policy;
  }
}

function nameInLog(policy: AppPolicy): AppPolicy {
  const request = currentRequest();
  if (request) request.appId = policy.id;
  return policy;
}
