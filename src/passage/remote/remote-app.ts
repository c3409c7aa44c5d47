import { Injectable } from '@nestjs/common';
import type { PassageApp } from '../passage.js';
import { FlexClient } from './flex-client.js';
import { toApp } from './flex-shapes.js';

const KEEP_FOR = 5_000; // ms

/** The app of `PASSAGE_APP_ID` as the provider has it. Everything throws `provider_unavailable`. */
@Injectable()
export class RemoteApp {
  private kept: { readonly app: PassageApp; readonly until: number } | null = null;
  private asking: Promise<PassageApp> | null = null;

  constructor(private readonly flex: FlexClient) {}

  /** The app as it is now. */
  get(): Promise<PassageApp> {
    return this.flex.ask((requests) => requests.get('', toApp));
  }

  /** The app as it was at most five seconds ago; for CORS and for the RP ID, which never changes. */
  async recent(): Promise<PassageApp> {
    const recent = this.peekRecent();
    if (recent) return recent;
    this.asking ??= this.renew().finally(() => (this.asking = null));
    return this.asking;
  }

  /** The same, if the provider need not be asked for it. */
  peekRecent(): PassageApp | undefined {
    return this.kept && this.kept.until > Date.now() ? this.kept.app : undefined;
  }

  private async renew(): Promise<PassageApp> {
    const until = Date.now() + KEEP_FOR;
    const app = await this.get();
    this.kept = { app, until };
    return app;
  }
}
