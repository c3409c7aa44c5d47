import { Injectable } from '@nestjs/common';
import type { PassageApp } from '../passage.js';
import { FlexClient } from './flex-client.js';
import { toAppOf } from './flex-shapes.js';

const RENEW_AFTER = 5_000; // ms
const FRESH_FOR = 15_000; // ms
const KEEP_FOR = 600_000; // ms

/** The app of `PASSAGE_APP_ID` as the provider has it. Everything throws `provider_unavailable`. */
@Injectable()
export class RemoteApp {
  private kept: { readonly app: PassageApp; readonly at: number } | null = null;
  private renewal: Promise<PassageApp> | null = null;
  private renewedAt = 0;
  private isAiling = false;

  constructor(private readonly flex: FlexClient) {}

  /** The app as it is now. */
  get(): Promise<PassageApp> {
    return this.flex.ask((requests) => requests.get('', toAppOf(this.flex.appId)));
  }

  /** The app as it was a moment ago, or as it was known last while the provider is ailing; for CORS and the RP ID. */
  async recent(): Promise<PassageApp> {
    const recent = this.peekRecent();
    if (recent) return recent;
    try {
      return await this.renew();
    } catch (error) {
      const last = this.peekLast();
      if (last) return last;
      throw error;
    }
  }

  /** The same, if nobody need wait for it. Past five seconds it is renewed meanwhile. */
  peekRecent(): PassageApp | undefined {
    const now = Date.now();
    if (!this.kept || (this.kept.at + FRESH_FOR < now && !this.isAiling)) return undefined;
    if (this.renewedAt + RENEW_AFTER < now) this.renew().catch(() => undefined);
    return this.peekLast();
  }

  /** The app as it was known at most ten minutes ago. */
  peekLast(): PassageApp | undefined {
    return this.kept && this.kept.at + KEEP_FOR > Date.now() ? this.kept.app : undefined;
  }

  private renew(): Promise<PassageApp> {
    this.renewal ??= this.ask().finally(() => (this.renewal = null));
    return this.renewal;
  }

  private async ask(): Promise<PassageApp> {
    const at = (this.renewedAt = Date.now());
    try {
      const app = await this.get();
      this.kept = { app, at };
      this.isAiling = false;
      return app;
    } catch (error) {
      this.isAiling = true;
      throw error;
    }
  }
}
