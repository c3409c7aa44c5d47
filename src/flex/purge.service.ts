import {
  Injectable,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../config/configuration.js';
import { AuditRepository } from '../events/audit.repository.js';
import { ErasureRepository } from '../events/erasure.repository.js';
import { CeremoniesModule } from './ceremonies/ceremonies.module.js';
import { HandshakeRepository } from './ceremonies/handshake.repository.js';
import { NonceRepository } from './nonces/nonce.repository.js';
import { NoncesModule } from './nonces/nonces.module.js';
import { TransactionRepository } from './transactions/transaction.repository.js';
import { TransactionsModule } from './transactions/transactions.module.js';
import { WebhookDeliveryRepository } from './webhooks/webhook-delivery.repository.js';
import { WebhookRepository } from './webhooks/webhook.repository.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

const EVERY = 60_000; // ms

/**
 * How many rows of each kind were deleted, those of webhooks' deliveries included, and how many events of erased users were
 * gone through to be made anonymous.
 */
export type Purged = Record<
  'nonces' | 'transactions' | 'handshakes' | 'refusals' | 'anonymised' | 'deliveries',
  number
>;

/** Deletes what has long expired, in batches; replicas share the work without waiting for each other. */
@Injectable()
export class PurgeService {
  private readonly eventRetentionDays: number;
  private running: Promise<Purged> | null = null;

  constructor(
    private readonly nonces: NonceRepository,
    private readonly transactions: TransactionRepository,
    private readonly handshakes: HandshakeRepository,
    private readonly events: AuditRepository,
    private readonly erasures: ErasureRepository,
    private readonly webhooks: WebhookRepository,
    private readonly deliveries: WebhookDeliveryRepository,
    configuration: Configuration,
  ) {
    this.eventRetentionDays = embeddedPassageOf(configuration).eventRetentionDays;
  }

  /** The purge under way, if there is one. */
  get underWay(): Promise<Purged> | null {
    return this.running;
  }

  /** Purges everything that has expired; a call during a purge waits for that one. */
  purge(): Promise<Purged> {
    this.running ??= this.purgeAll().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async purgeAll(): Promise<Purged> {
    await this.webhooks.disableOfEndedKeys();
    return {
      nonces: await batches(() => this.nonces.purgeExpired()),
      transactions: await batches(() => this.transactions.purgeExpired()),
      handshakes: await batches(() => this.handshakes.purgeExpired()),
      refusals: await batches(() => this.events.purgeRefusals(this.eventRetentionDays)),
      anonymised: await batches(() => this.erasures.anonymiseBatch()),
      deliveries: await batches(() => this.deliveries.purge()),
    };
  }
}

/** Deletes batch after batch until nothing is left; answers with the number of rows. */
async function batches(purge: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let deleted = await purge(); deleted > 0; deleted = await purge()) total += deleted;
  return total;
}

/** The purge, of every noun whose rows expire. */
@Module({
  imports: [TransactionsModule, CeremoniesModule, NoncesModule, WebhooksModule],
  providers: [PurgeService],
  exports: [PurgeService],
})
export class PurgeModule {}

/** Purges every minute while the service runs. */
@Injectable()
export class PurgeTimer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(PurgeService.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly service: PurgeService) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.service.purge().catch((error: Error) => this.log.warn(`The purge failed: ${error.message}`));
    }, EVERY);
    this.timer.unref();
  }

  /** Waits for the purge under way. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.service.underWay?.catch(() => undefined);
  }
}
