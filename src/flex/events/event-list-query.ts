import { IsIn, IsOptional, Matches } from 'class-validator';
import { AppError } from '../../errors/app-error.js';
import { AUDIT_EVENT_TYPES, type AuditEventType } from '../../events/audit-event-types.js';
import { IsCountUpTo, IsMoment } from '../../http/query.pipe.js';
import { IsExternalId, OPAQUE_ID } from '../user-key.js';
import { type EventPosition, readCursor } from './event-cursor.js';
import type { EventListQuery } from './event-list.repository.js';

const LIMIT = { usual: 50, most: 500 };

const IsId = (): PropertyDecorator => Matches(OPAQUE_ID, { message: '$property must be an id' });

/** The query parameters with which a server lists the events of its app. */
export class EventListDto {
  @IsOptional()
  @IsIn(AUDIT_EVENT_TYPES)
  type?: AuditEventType;

  @IsOptional()
  @IsId()
  user_id?: string;

  @IsOptional()
  @IsExternalId()
  external_id?: string;

  @IsOptional()
  @IsId()
  device_id?: string;

  @IsOptional()
  @IsMoment()
  since?: Date;

  @IsOptional()
  @IsMoment()
  until?: Date;

  @IsOptional()
  @IsCountUpTo(LIMIT.most)
  limit?: number;

  /** Judged by {@link requireCursor}. */
  @IsOptional()
  cursor?: string;
}

/** What the parameters ask for. Throws `invalid_request` for two names of a user, and for a cursor that is none. */
export function toEventListQuery(parameters: EventListDto): EventListQuery {
  const { user_id: id, external_id: externalId, device_id: deviceId, type, since, until } = parameters;
  if (id !== undefined && externalId !== undefined) {
    throw new AppError('invalid_request', { detail: 'Give user_id or external_id, not both.' });
  }
  return {
    ...(id !== undefined && { user: { id } }),
    ...(externalId !== undefined && { user: { externalId } }),
    ...{ type, deviceId, since, until },
    after: requireCursor(parameters.cursor),
    limit: parameters.limit ?? LIMIT.usual,
  };
}

/** The position of a cursor that a caller gave. Throws `invalid_request` if it is none. */
export function requireCursor(cursor: unknown): EventPosition | undefined {
  if (cursor === undefined) return undefined;
  const position = typeof cursor === 'string' ? readCursor(cursor) : null;
  if (position) return position;
  throw new AppError('invalid_request', { detail: 'The cursor is not one of this list.' });
}
