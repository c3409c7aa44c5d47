import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/database.js';

/** Tells who delivers, in this process, that there is something to deliver; other processes see it when they next look. */
@Injectable()
export class Outbox {
  private listener = (): void => undefined;

  /** `listener` must not throw. */
  onQueued(listener: () => void): void {
    this.listener = listener;
  }

  /** So many events were queued, to be delivered from the commit on. */
  announce(queued: number, on: Queryable): void {
    if (queued > 0) on.afterCommit(() => this.listener());
  }
}
