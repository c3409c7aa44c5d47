import { Injectable } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { AppError } from '../../errors/app-error.js';
import { AllowedOrigins, USERS_API } from '../../http/cors.js';
import { AppPolicies } from './app-policies.js';

const BROWSER_SIDE =
  /^\/v1\/apps\/([^/]+)(?:\/(?:register|authenticate)\/transactions\/webauthn\/(?:start|finish))?$/;

/** The web origins of an app may read its browser routes, and those of the app of the settings the user's API too. */
@Injectable()
export class AppOrigins extends AllowedOrigins {
  constructor(
    private readonly apps: AppPolicies,
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
      // The route itself answers that there is no such app.
      if (error instanceof AppError && error.code === 'app_not_found') return [];
      throw error;
    }
  }

  private appOf(path: string): string | undefined {
    return USERS_API.test(path) ? embeddedPassageOf(this.configuration).app.id : BROWSER_SIDE.exec(path)?.[1];
  }
}
