import { Body, Controller, Get, HttpCode, Param, Post, UsePipes } from '@nestjs/common';
import { ArrayNotEmpty, ArrayUnique, IsBoolean, IsIn, IsOptional, IsString, Length } from 'class-validator';
import { validate as isUuid } from 'uuid';
import { AppError } from '../../errors/app-error.js';
import { LenientBody, LenientOptionalBody, NoBody } from '../../http/body.pipe.js';
import { currentRequest } from '../../http/request-context.js';
import { AUDIT_EVENT_TYPES, type AuditEventType } from '../../events/audit-event-types.js';
import type { DeliveryOutcome } from '../../events/webhook-request.js';
import { RequiresApiKey, RequiresScope } from '../api-keys/requires-api-key.decorator.js';
import type { DeadDelivery } from './webhook-delivery.repository.js';
import type { WebhookKey, WebhookRecord } from './webhook.repository.js';
import { WebhooksService, type WebhookWithSecret } from './webhooks.service.js';

/** Where a webhook is, and what it is told of. */
export class CreateWebhookDto {
  @IsString()
  @Length(1, 2_048)
  url: string;

  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(AUDIT_EVENT_TYPES, { each: true })
  events: AuditEventType[];
}

/** Whether the former secret is to end at once. */
export class RotateWebhookDto {
  @IsOptional()
  @IsBoolean()
  compromised?: boolean;
}

/** One event, or all that are dead. */
export class ReplayWebhookDto {
  @IsOptional()
  @IsString()
  @Length(1, 64)
  event_id?: string;
}

/** The webhooks that a server made by its key, which needs the scope `webhooks`. */
@Controller('v1/apps/:app/webhooks')
@RequiresApiKey()
@RequiresScope('webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Post()
  @UsePipes(LenientBody)
  async create(@Param('app') app: string, @Body() { url, events }: CreateWebhookDto) {
    return { webhook: withSecret(await this.webhooks.create(app, { url, events }, askingKey())) };
  }

  @Get()
  async list(@Param('app') app: string) {
    return { webhooks: (await this.webhooks.list(app, askingKey())).map(toWebhook) };
  }

  @Get(':webhook/dead')
  async listDead(@Param('app') app: string, @Param('webhook') id: string) {
    return { events: (await this.webhooks.listDead(named(app, id))).map(toDead) };
  }

  @Post(':webhook/test')
  @HttpCode(200)
  async test(@Param('app') app: string, @Param('webhook') id: string, @Body(NoBody) _body: undefined) {
    return toOutcome(await this.webhooks.test(named(app, id)));
  }

  @Post(':webhook/rotate')
  @HttpCode(200)
  @UsePipes(LenientOptionalBody)
  async rotate(
    @Param('app') app: string,
    @Param('webhook') id: string,
    @Body() { compromised = false }: RotateWebhookDto,
  ) {
    return { webhook: withSecret(await this.webhooks.rotate(named(app, id), compromised)) };
  }

  @Post(':webhook/disable')
  @HttpCode(200)
  async disable(@Param('app') app: string, @Param('webhook') id: string, @Body(NoBody) _body: undefined) {
    return { webhook: toWebhook(await this.webhooks.disable(named(app, id))) };
  }

  @Post(':webhook/enable')
  @HttpCode(200)
  async enable(@Param('app') app: string, @Param('webhook') id: string, @Body(NoBody) _body: undefined) {
    return { webhook: toWebhook(await this.webhooks.enable(named(app, id))) };
  }

  @Post(':webhook/replay')
  @HttpCode(200)
  @UsePipes(LenientOptionalBody)
  async replay(
    @Param('app') app: string,
    @Param('webhook') id: string,
    @Body() { event_id: eventId }: ReplayWebhookDto,
  ) {
    return { replayed: await this.webhooks.replay(named(app, id), eventId ?? null) };
  }
}

/** The id of the key that the guard let through. */
const askingKey = (): string => currentRequest()!.actor!.replace(/^key:/, '');

/** Throws `webhook_not_found` for what can be no id, before PostgreSQL is asked, which cannot store every text. */
function named(appId: string, id: string): WebhookKey {
  if (!isUuid(id)) throw new AppError('webhook_not_found');
  return { appId, id, keyId: askingKey() };
}

const toWebhook = (webhook: WebhookRecord) => ({
  id: webhook.id,
  url: webhook.url,
  events: webhook.events,
  created_at: webhook.createdAt.toISOString(),
  disabled_at: webhook.disabledAt?.toISOString() ?? null,
  disabled_for: webhook.disabledFor,
  waiting: webhook.waiting,
  dead: webhook.dead,
});

const withSecret = (webhook: WebhookWithSecret) => ({ ...toWebhook(webhook), secret: webhook.secret });

const toOutcome = ({ status, problem }: DeliveryOutcome) => ({
  delivered: problem === null,
  status,
  problem,
});

const toDead = (event: DeadDelivery) => ({
  event_id: event.eventId,
  type: event.type,
  user_id: event.userId,
  created_at: event.createdAt.toISOString(),
  dead_at: event.deadAt.toISOString(),
  last_status: event.lastStatus,
  last_problem: event.lastProblem,
});
