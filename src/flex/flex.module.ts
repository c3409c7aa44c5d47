import { Module } from '@nestjs/common';
import { ApiKeyProvisioning } from './api-keys/api-key-provisioning.js';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { AttestationTrustCheck } from './apps/app-provisioning.js';
import { AppsModule } from './apps/apps.module.js';
import { CeremoniesModule } from './ceremonies/ceremonies.module.js';
import { DevicesModule } from './devices/devices.module.js';
import { FlexEventsModule } from './events/events.module.js';
import { NoncesModule } from './nonces/nonces.module.js';
import { PurgeModule, PurgeTimer } from './purge.service.js';
import { FlexStatsModule } from './stats/stats.module.js';
import { TransactionsModule } from './transactions/transactions.module.js';
import { FlexUsersModule } from './users/users.module.js';
import { WebhookCourier } from './webhooks/webhook-courier.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/**
 * The Passage Flex-compatible backend: a module for each noun of the protocol, and what runs by itself in the service. The
 * command line imports the nouns without the latter.
 */
@Module({
  imports: [
    AppsModule,
    ApiKeysModule,
    FlexUsersModule,
    DevicesModule,
    TransactionsModule,
    CeremoniesModule,
    NoncesModule,
    WebhooksModule,
    FlexEventsModule,
    FlexStatsModule,
    PurgeModule,
  ],
  providers: [ApiKeyProvisioning, AttestationTrustCheck, PurgeTimer, WebhookCourier],
  exports: [AppsModule, FlexUsersModule, DevicesModule, TransactionsModule, NoncesModule, FlexEventsModule],
})
export class FlexModule {}
