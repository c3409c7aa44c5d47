import { Injectable } from '@nestjs/common';
import { bulkhead, isBulkheadRejectedError } from 'cockatiel';
import { Authenticators } from '../../authenticators/authenticators.js';
import { tooManyRequests } from '../../http/rate-limit.js';
import { StatsRepository } from './stats.repository.js';

/** Counts of an app's users, passkeys and sign-ins. */
export interface Adoption {
  readonly users: {
    readonly total: number;
    readonly withNone: number;
    readonly withOne: number;
    readonly withSeveral: number;
  };
  /** `unknown` are imported ones that no sign-in has shown since. */
  readonly passkeys: {
    readonly total: number;
    readonly synced: number;
    readonly notSynced: number;
    readonly unknown: number;
  };
  /** Most passkeys first; the name is null for all models that are not known by one. */
  readonly providers: readonly { readonly provider: string | null; readonly passkeys: number }[];
  /** Of the last days by UTC (`2026-11-27`), today the first; a day of no sign-ins as well. */
  readonly signIns: readonly { readonly day: string; readonly signIns: number }[];
}

/** How many days of sign-ins can be asked for, and are by default. */
export const STATS_DAYS = { most: 366, usual: 30 };

const AT_ONCE = 1;
const WAITING = 10;
const RETRY_SOON = 2_000; // ms

/** Counts the users, passkeys and sign-ins of an app. */
@Injectable()
export class StatsService {
  private readonly turns = bulkhead(AT_ONCE, WAITING);

  constructor(
    private readonly stats: StatsRepository,
    private readonly authenticators: Authenticators,
  ) {}

  /** Reads every row of the app, so one at a time. Throws `too_many_requests` if too many wait already. */
  async of(appId: string, days: number): Promise<Adoption> {
    try {
      return await this.turns.execute(() => this.count(appId, days));
    } catch (error) {
      throw isBulkheadRejectedError(error) ? tooManyRequests(RETRY_SOON) : error;
    }
  }

  private async count(appId: string, days: number): Promise<Adoption> {
    const users = await this.stats.users(appId);
    const passkeys = await this.stats.passkeys(appId);
    const providers = this.byProvider(await this.stats.models(appId));
    const signIns = await this.stats.signIns(appId, days);
    const withNone = users.total - users.withOne - users.withSeveral;
    return { users: { ...users, withNone }, passkeys, providers, signIns };
  }

  private byProvider(models: readonly { aaguid: string; passkeys: number }[]): Adoption['providers'] {
    const counts = new Map<string | null, number>();
    for (const { aaguid, passkeys } of models) {
      const provider = this.authenticators.nameOf(aaguid);
      counts.set(provider, (counts.get(provider) ?? 0) + passkeys);
    }
    return [...counts]
      .map(([provider, passkeys]) => ({ provider, passkeys }))
      .sort((a, b) => b.passkeys - a.passkeys || (a.provider ?? '').localeCompare(b.provider ?? ''));
  }
}
