import { type QueryCreator, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../database/entities.js';
import { typed } from '../database/query.js';
import type { AuditEventType } from './audit-event-types.js';

/** What webhooks are told of an event beyond its row in the audit trail. */
export interface OutboxValues {
  /** Whether user and identity are looked up: not where an erasure could miss what is found. */
  readonly namesUser: boolean;
  /** The same for the identity, which users of the app of the user's API have alone. */
  readonly namesIdentity: boolean;
  /** Whom it is about where that cannot be looked up: before the backend has the user, and after the tie was undone. */
  readonly externalId: string | null;
  readonly issuer: string | null;
  readonly subject: string | null;
}

/** The event that is queued. */
interface QueuedEvent extends OutboxValues {
  readonly type: AuditEventType;
  readonly eventId: string;
  readonly appId: string;
  readonly userId: string | null;
  readonly deviceId: string | null;
  readonly actor: string | null;
  readonly reason: string | null;
}

interface Circumstances {
  /** Queued only if this is so; a part of the statement that it reads is thereby carried out before. */
  readonly when?: RawBuilder<boolean>;
  /** Whether the passkey is an automatic one, where its row does not say so yet. */
  readonly automatic?: RawBuilder<boolean | null>;
}

/** What an event is queued with, in this order. */
export const QUEUED_COLUMNS = [
  'app_id',
  'webhook_id',
  'event_id',
  'type',
  'user_id',
  'external_id',
  'issuer',
  'subject',
  'device_id',
  'automatic',
  'actor',
  'reason',
] as const;

/** The tie of the user `$.userId`; it is only looked up for a webhook. */
const tieOf = ($: QueuedEvent, column: 'issuer' | 'subject', to: QueryCreator<Tables>) =>
  to
    .selectFrom('flex_users as u')
    .innerJoin('users as i', 'i.passage_external_id', 'u.external_id')
    .where('u.app_id', '=', $.appId)
    .where('u.id', '=', $.userId)
    .where(typed.boolean($.namesIdentity))
    .select(`i.${column}`);

/**
 * Queues an event for every webhook of its app that asks for the type, as a part of the statement that writes it; one look
 * at an index where there is none. Name the part `queued`: its rows say how many there were.
 */
export function queueEvent<With extends Tables>(
  parts: QueryCreator<With>,
  $: QueuedEvent,
  { when = sql<boolean>`true`, automatic }: Circumstances = {},
) {
  const to = parts as unknown as QueryCreator<Tables>;
  return to
    .insertInto('webhook_deliveries')
    .columns(QUEUED_COLUMNS)
    .expression((from) =>
      from
        .selectFrom('webhooks as w')
        .where('w.app_id', '=', $.appId)
        .where('w.disabled_at', 'is', null)
        .where(sql<boolean>`w.events @> array[${typed.text($.type)}]`)
        .where(when)
        .select((it) => [
          'w.app_id',
          'w.id',
          typed.text($.eventId).as('event_id'),
          typed.text($.type).as('type'),
          typed.text($.userId).as('user_id'),
          it.fn
            .coalesce(
              typed.text($.externalId),
              to
                .selectFrom('flex_users as u')
                .where('u.app_id', '=', $.appId)
                .where('u.id', '=', $.userId)
                .where(typed.boolean($.namesUser))
                .select('u.external_id'),
            )
            .as('external_id'),
          it.fn.coalesce(typed.text($.issuer), tieOf($, 'issuer', to)).as('issuer'),
          it.fn.coalesce(typed.text($.subject), tieOf($, 'subject', to)).as('subject'),
          typed.text($.deviceId).as('device_id'),
          (
            automatic ??
            sql<boolean | null>`${to
              .selectFrom('devices as d')
              .where('d.app_id', '=', $.appId)
              .where('d.id', '=', $.deviceId)
              .select('d.automatic')}`
          ).as('automatic'),
          typed.text($.actor).as('actor'),
          typed.text($.reason).as('reason'),
        ]),
    )
    .returning('seq');
}

/** How many rows the part `queued` of a statement has. */
export const QUEUED = sql<number>`(select count(*) from queued)`;
