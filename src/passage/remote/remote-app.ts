import { Injectable } from '@nestjs/common';
import type { PassageApp } from '../passage.js';
import { FlexClient } from './flex-client.js';
import { toAppOf } from './flex-shapes.js';

const RENEW_AFTER = 5_000; // ms
const KEEP_FOR = 600_000; // ms

/** The app of `PASSAGE_APP_ID` as the provider has it. Everything throws `provider_unavailable`. */
@Injectable()
export class RemoteApp {
  private kept: { readonly app: PassageApp; readonly at: number } | null = null;
  private renewal: Promise<PassageApp> | null = null;
  private renewedAt = 0;

  constructor(private readonly flex: FlexClient) {}

  /** The app as it is now. */
  get(): Promise<PassageApp> {
    return this.flex.ask((requests) => requests.get('', toAppOf(this.flex.appId)));
  }

  /** The app as it was at most ten minutes ago, asked for only if there is none; for CORS and the RP ID. */
  async recent(): Promise<PassageApp> {
    return this.peekRecent() ?? this.renew();
  }

  /** The same, if there is one. Past five seconds it is renewed, for which nobody waits: the provider may be ailing. */
  peekRecent(): PassageApp | undefined {
    const now = Date.now();
    if (!this.kept || this.kept.at + KEEP_FOR < now) return undefined;
    if (this.renewedAt + RENEW_AFTER < now) this.renew().catch(() => undefined);
    return this.kept.app;
  }

  private renew(): Promise<PassageApp> {
    this.renewal ??= this.ask().finally(() => (this.renewal = null));
    return this.renewal;
  }

  private async ask(): Promise<PassageApp> {
    const at = (this.renewedAt = Date.now());
    const app = await this.get();
    this.kept = { app, at };
    return app;
  }
}
