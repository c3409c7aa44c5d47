import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { AppInfo } from '@passageidentity/passage-flex-node';
import { Unavailable } from '../../errors/unavailable.js';
import { AllowedOrigins, USERS_API } from '../../http/cors.js';
import type { PassageApp } from '../passage.js';
import { Provider } from './provider.js';

const FRESH_FOR = 5_000; // ms
const KEEP_FOR = 600_000; // ms
/** How long a request waits for the origins that may read its answer, which are needed before anything else. */
const PATIENCE = 1_000; // ms

/**
 * The app of `PASSAGE_APP_ID` as the provider has it; what asks for it throws `provider_unavailable`. Its origins may read
 * the user's API; none may once they have been unknown for ten minutes.
 */
@Injectable()
export class RemoteApp extends AllowedOrigins {
  private kept: { readonly app: PassageApp; readonly at: number } | null = null;
  private renewal: Promise<PassageApp> | null = null;
  private renewedAt = 0;

  constructor(private readonly provider: Provider) {
    super();
  }

  /** The app as it is now. */
  get(): Promise<PassageApp> {
    return this.provider.ask(async (client) => toApp(await client.getApp()));
  }

  /** The app as it was a moment ago, or as it was known last if the provider is not available. */
  async known(): Promise<PassageApp> {
    if (this.isFresh && this.lastKnown) return this.lastKnown;
    this.renewal ??= this.renew().finally(() => (this.renewal = null));
    return this.renewal.catch((error: unknown) => {
      if (this.lastKnown) return this.lastKnown;
      throw error;
    });
  }

  override recent(path: string): readonly string[] | undefined {
    if (!USERS_API.test(path)) return [];
    return this.isFresh ? this.lastKnown?.origins : undefined;
  }

  override last(path: string): readonly string[] {
    return (USERS_API.test(path) && this.lastKnown?.origins) || [];
  }

  override async of(path: string): Promise<readonly string[]> {
    if (!USERS_API.test(path)) return [];
    const app = await Promise.race([
      this.known().catch(nullIfUnavailable),
      pause(PATIENCE, null, { ref: false }),
    ]);
    return app?.origins ?? this.last(path);
  }

  /** Whether it was asked for less than five seconds ago. */
  private get isFresh(): boolean {
    return this.renewedAt + FRESH_FOR > Date.now();
  }

  /** The app as it was known at most ten minutes ago. */
  get lastKnown(): PassageApp | undefined {
    return this.kept && this.kept.at + KEEP_FOR > Date.now() ? this.kept.app : undefined;
  }

  private async renew(): Promise<PassageApp> {
    const at = (this.renewedAt = Date.now());
    const app = await this.get();
    this.kept = { app, at };
    return app;
  }
}

const toApp = ({ id, name, rpId, maxPasskeysPerUser, stepUp, lastPasskey, ...app }: AppInfo): PassageApp => ({
  id,
  name,
  rpId,
  maxPasskeysPerUser,
  // A server that does not tell asks for none.
  stepUp: stepUp ?? { by: 'off', maxAge: 0, acrValues: [], amrValues: [] },
  lastPasskey,
  origins: [app.authOrigin, ...app.additionalAuthOrigins].flatMap(originIn),
});

/** A web origin, spelled as browsers do; none if it is another kind of origin. */
function originIn(text: string): string[] {
  const url = URL.parse(text);
  return url && /^https?:$/.test(url.protocol) ? [url.origin] : [];
}

function nullIfUnavailable(error: unknown): null {
  if (error instanceof Unavailable) return null;
  throw error;
}
