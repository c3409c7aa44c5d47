import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/statement.js';

/** Forgets, within the transaction given, whatever else is known of the user of an app. */
export type Forget = (appId: string, externalId: string, tx: Queryable) => Promise<void>;

/** Lets a feature that keeps something of a person hear that the backend erases them. */
@Injectable()
export class Erasures {
  private readonly listeners: Forget[] = [];

  /** Called once, while the application starts. */
  register(forget: Forget): void {
    this.listeners.push(forget);
  }

  /** Has everything forgotten, or nothing if one of the listeners throws. */
  async announce(appId: string, externalId: string, tx: Queryable): Promise<void> {
    for (const forget of this.listeners) await forget(appId, externalId, tx);
  }
}
