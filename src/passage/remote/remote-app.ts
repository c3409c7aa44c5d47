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

/** The app of `PASSAGE_APP_ID` as the provider has it. What asks for it throws `provider_unavailable`. */
@Injectable()
export class RemoteApp {
  private kept: { readonly app: PassageApp; readonly at: number } | null = null;
  private renewal: Promise<PassageApp> | null = null;
  private renewedAt = 0;

  constructor(private readonly provider: Provider) {}

  /** The app as it is now. */
  get(): Promise<PassageApp> {
    return this.provider.ask(async (client) => toApp(await client.getApp()));
  }

  /** The app as it was a moment ago, or as it was known last if the provider is not available. */
  async recent(): Promise<PassageApp> {
    const known = this.peekRecent();
    if (known) return known;
    this.renewal ??= this.renew().finally(() => (this.renewal = null));
    try {
      return await this.renewal;
    } catch (error) {
      const last = this.peekLast();
      if (last) return last;
      throw error;
    }
  }

  /** The app as it was known last, if it was asked for less than five seconds ago; else undefined. */
  peekRecent(): PassageApp | undefined {
    return this.renewedAt + FRESH_FOR > Date.now() ? this.peekLast() : undefined;
  }

  /** The app as it was known at most ten minutes ago. */
  peekLast(): PassageApp | undefined {
    return this.kept && this.kept.at + KEEP_FOR > Date.now() ? this.kept.app : undefined;
  }

  private async renew(): Promise<PassageApp> {
    const at = (this.renewedAt = Date.now());
    const app = await this.get();
    this.kept = { app, at };
    return app;
  }
}

/** The origins of the provider's app may read the user's API; none may once they have been unknown for ten minutes. */
@Injectable()
export class RemoteOrigins extends AllowedOrigins {
  constructor(private readonly app: RemoteApp) {
    super();
  }

  override recent(path: string): readonly string[] | undefined {
    return USERS_API.test(path) ? this.app.peekRecent()?.origins : [];
  }

  override last(path: string): readonly string[] {
    return USERS_API.test(path) ? (this.app.peekLast()?.origins ?? []) : [];
  }

  override async of(path: string): Promise<readonly string[]> {
    if (!USERS_API.test(path)) return [];
    const patience = pause(PATIENCE, null, { ref: false });
    const app = await Promise.race([this.app.recent().catch(nullIfUnavailable), patience]);
    return app?.origins ?? this.last(path);
  }
}

const toApp = ({ id, name, rpId, maxPasskeysPerUser, ...app }: AppInfo): PassageApp => ({
  id,
  name,
  rpId,
  maxPasskeysPerUser,
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
