import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { WebhookAttempts } from './webhook-attempts.js';
import { WebhookDeliveryRepository } from './webhook-delivery.repository.js';
import { WebhookRepository } from './webhook.repository.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** The webhooks of apps. What delivers to them runs in the service alone. */
@Module({
  imports: [AppsModule, ApiKeysModule],
  controllers: [WebhooksController],
  providers: [WebhookRepository, WebhookDeliveryRepository, WebhookAttempts, WebhooksService],
  exports: [WebhookRepository, WebhookDeliveryRepository, WebhookAttempts, WebhooksService],
})
export class WebhooksModule {}
