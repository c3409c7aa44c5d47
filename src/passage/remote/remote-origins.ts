import { Injectable } from '@nestjs/common';
import { AppError } from '../../http/app-error.js';
import { AllowedOrigins, USERS_API } from '../../http/cors.js';
import { RemoteApp } from './remote-app.js';

/** The provider's app says whose pages may read the user's API: nobody's while it is out of reach. */
@Injectable()
export class RemoteOrigins extends AllowedOrigins {
  constructor(private readonly app: RemoteApp) {
    super();
  }

  override recent(path: string): readonly string[] | undefined {
    return USERS_API.test(path) ? this.app.peekRecent()?.origins : [];
  }

  override async of(path: string): Promise<readonly string[]> {
    if (!USERS_API.test(path)) return [];
    try {
      return (await this.app.recent()).origins;
    } catch (error) {
      if (error instanceof AppError && error.code === 'provider_unavailable') return [];
      throw error;
    }
  }
}
