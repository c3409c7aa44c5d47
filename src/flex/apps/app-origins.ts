import { Injectable } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { AppError } from '../../errors/app-error.js';
import { AllowedOrigins, USERS_API } from '../../http/cors.js';
import { AppRepository } from './app.repository.js';

const BROWSER_SIDE =
  /^\/v1\/apps\/([^/]+)(?:\/(?:register|authenticate)\/transactions\/webauthn\/(?:start|finish))?$/;

/** An app's origins may read the protocol's browser side and, if it is the service's own app, the user's API. */
@Injectable()
export class AppOrigins extends AllowedOrigins {
  constructor(
    private readonly apps: AppRepository,
    private readonly configuration: Configuration,
  ) {
    super();
  }

  override recent(path: string): readonly string[] | undefined {
    const appId = this.appOf(path);
    return appId === undefined ? [] : this.apps.peekRecent(appId)?.webOrigins;
  }

  override last(path: string): readonly string[] {
    const appId = this.appOf(path);
    return (appId === undefined ? undefined : this.apps.peekLast(appId)?.webOrigins) ?? [];
  }

  override async of(path: string): Promise<readonly string[]> {
    const appId = this.appOf(path);
    if (appId === undefined) return [];
    try {
      return (await this.apps.getRecent(appId)).webOrigins;
    } catch (error) {
      // Whether there is such an app is for the route to say.
      if (error instanceof AppError && error.code === 'app_not_found') return [];
      throw error;
    }
  }

  private appOf(path: string): string | undefined {
    return USERS_API.test(path) ? embeddedPassageOf(this.configuration).app.id : BROWSER_SIDE.exec(path)?.[1];
  }
}
