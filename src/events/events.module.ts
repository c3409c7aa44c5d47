import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AuditTrail, OUTSIDE_ACTOR } from './audit-trail.js';
import { AuditRepository } from './audit.repository.js';
import { ErasureRepository } from './erasure.repository.js';
import { Outbox } from './outbox.js';

/** The audit trail and the outbox of webhooks, for every feature. */
@Global()
@Module({
  providers: [Outbox, AuditRepository, ErasureRepository, AuditTrail],
  exports: [Outbox, AuditRepository, ErasureRepository, AuditTrail],
})
export class EventsModule {
  /** The same for a process without requests: it is `actor` that acts. */
  static actedBy(actor: string): DynamicModule {
    return { module: EventsModule, providers: [{ provide: OUTSIDE_ACTOR, useValue: actor }] };
  }
}
