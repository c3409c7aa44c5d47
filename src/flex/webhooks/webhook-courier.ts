import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { databaseOutage } from '../../database/database-outage.js';
import { sqlStateOf } from '../../database/sql-state.js';
import { Outbox } from '../../events/outbox.js';
import type { DeliveryOutcome } from '../../events/webhook-request.js';
import { WebhookAttempts } from './webhook-attempts.js';
import { type Delivery, WebhookDeliveryRepository } from './webhook-delivery.repository.js';
import { pauseAfter } from './webhook-schedule.js';
import { WebhookRepository } from './webhook.repository.js';

const EVERY = 2_000; // ms
/** Deliveries that this process makes at the same time. */
const MAX_IN_FLIGHT = 16;
/** A webhook with so many gets no more, so that one that hangs does not keep the others waiting. */
const BUSY = 5;
const PER_CLAIM = 4;
const GRACE = 3_000; // ms that attempts have to end in when the service stops

/**
 * Delivers what is queued for webhooks while the service runs: at once what this process queued, and every two seconds what
 * others did, or what is tried again. Processes share the work without waiting for each other.
 */
@Injectable()
export class WebhookCourier implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(WebhookCourier.name);
  private readonly inFlight = new Set<Promise<void>>();
  private readonly countOf = new Map<string, number>();
  private readonly end = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private isAsked = false;
  private claiming: Promise<void> | null = null;
  private hasFailed = false;

  constructor(
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly webhooks: WebhookRepository,
    private readonly attempts: WebhookAttempts,
    private readonly outbox: Outbox,
  ) {}

  onApplicationBootstrap(): void {
    // Who queues is often a request, whose deadline and turns at the database are not those of a delivery.
    const outside = AsyncLocalStorage.snapshot();
    this.outbox.onQueued(() => outside(() => this.wake()));
    this.timer = setInterval(() => this.wake(), EVERY);
    this.timer.unref();
    this.attempts.reseal().catch((error: unknown) => this.logFailure(error));
  }

  /** Claims nothing more, and waits for the attempts under way; those that take long are given back. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.outbox.onQueued(() => undefined);
    const isStopping = new Error('The service stops.');
    const tooLate = setTimeout(() => this.end.abort(isStopping), GRACE);
    this.isAsked = false;
    this.timer = undefined;
    await this.claiming;
    await Promise.all(this.inFlight);
    clearTimeout(tooLate);
  }

  private wake(): void {
    if (this.timer === undefined) return;
    this.isAsked = true;
    this.claiming ??= this.claim().finally(() => {
      this.claiming = null;
      // Asked between the last look and this.
      if (this.isAsked && this.inFlight.size < MAX_IN_FLIGHT) this.wake();
    });
  }

  private async claim(): Promise<void> {
    while (this.isAsked && this.inFlight.size < MAX_IN_FLIGHT) {
      this.isAsked = false;
      try {
        const limit = MAX_IN_FLIGHT - this.inFlight.size;
        const busy = [...this.countOf].flatMap(([id, count]) => (count >= BUSY ? [id] : []));
        const found = await this.deliveries.claim({ busy, limit, perWebhook: PER_CLAIM });
        this.hasFailed = false;
        for (const delivery of found.deliveries) this.start(delivery);
        if (found.wereDue > 0) this.isAsked = this.timer !== undefined;
      } catch (error) {
        this.logFailure(error);
      }
    }
  }

  private start(delivery: Delivery): void {
    const { id } = delivery;
    this.countOf.set(id, (this.countOf.get(id) ?? 0) + 1);
    const work = this.deliver(delivery)
      .catch((error: unknown) => this.logFailure(error))
      .finally(() => {
        this.inFlight.delete(work);
        const left = this.countOf.get(id)! - 1;
        if (left === 0) this.countOf.delete(id);
        else this.countOf.set(id, left);
        this.wake();
      });
    this.inFlight.add(work);
  }

  private async deliver(delivery: Delivery): Promise<void> {
    let outcome: DeliveryOutcome;
    try {
      outcome = await this.attempts.attempt(delivery, delivery, this.end.signal);
    } catch (error) {
      if (!this.end.signal.aborted) throw error;
      return this.deliveries.release(delivery);
    }
    if (outcome.problem === null) return this.deliveries.settle(delivery, 'delivered', outcome);
    const { appId, id, attempts } = delivery;
    if (outcome.problem === 'gone') await this.webhooks.disable({ appId, id, keyId: null }, 'gone');
    const pause = pauseAfter(attempts);
    if (pause === null) return this.deliveries.settle(delivery, 'dead', outcome);
    return this.deliveries.retry(delivery, pause, outcome);
  }

  /** What fails is tried again in a while, by this process or another. Of an outage one line is enough; a bug has its stack. */
  private logFailure(error: unknown): void {
    const reason = databaseOutage(error)?.reason ?? sqlStateOf(error);
    if (reason === undefined) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.log.error('Webhooks wait: unexpected error', stack);
      return;
    }
    // Requests have every connection, and go first.
    if (this.hasFailed || reason === 'pool_exhausted') return;
    this.hasFailed = true;
    this.log.warn(`Webhooks wait: ${reason}`);
  }
}
