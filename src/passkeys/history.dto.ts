import { IsIn, IsOptional, Matches } from 'class-validator';
import { AUDIT_EVENT_TYPES, type AuditEventType } from '../events/audit-event-types.js';
import { IsCountUpTo, IsMoment } from '../http/query.pipe.js';

/** The query parameters of one's own history. */
export class HistoryDto {
  @IsOptional()
  @IsIn(AUDIT_EVENT_TYPES)
  type?: AuditEventType;

  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,64}$/, { message: 'device must be the id of a passkey' })
  device?: string;

  @IsOptional()
  @IsMoment()
  since?: Date;

  @IsOptional()
  @IsMoment()
  until?: Date;

  @IsOptional()
  @IsCountUpTo(100)
  limit?: number;

  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,256}$/, { message: 'cursor must be one of this list' })
  cursor?: string;
}
