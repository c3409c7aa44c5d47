import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Unavailable } from '../../errors/unavailable.js';
import { AllowedOrigins, USERS_API } from '../../http/cors.js';
import { RemoteApp } from './remote-app.js';

/** How long a request waits to learn whose pages may read its answer: this comes before all that it asks for. */
const PATIENCE = 1_000; // ms

/** The provider's app says whose pages may read the user's API: nobody's if it did not for ten minutes. */
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

function nullIfUnavailable(error: unknown): null {
  if (error instanceof Unavailable) return null;
  throw error;
}
