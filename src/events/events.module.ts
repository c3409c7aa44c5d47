import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AuditTrail, OUTSIDE_ACTOR } from './audit-trail.js';
import { AuditRepository } from './audit.repository.js';
import { ErasureRepository } from './erasure.repository.js';

/** The audit trail, for every feature. */
@Global()
@Module({
  providers: [AuditRepository, ErasureRepository, AuditTrail],
  exports: [AuditRepository, ErasureRepository, AuditTrail],
})
export class EventsModule {
  /** The same for a process without requests: it is `actor` that acts. */
  static actedBy(actor: string): DynamicModule {
    return { module: EventsModule, providers: [{ provide: OUTSIDE_ACTOR, useValue: actor }] };
  }
}
