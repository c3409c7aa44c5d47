import type { AuditEventType } from './audit-event-types.js';

/** Every type of event that a webhook may ask for. Apart from the entity, so that the command line's help loads no ORM. */
export const WEBHOOK_EVENT_TYPES = [
  'passkey.registered',
  'passkey.used',
  'passkey.renamed',
  'passkey.revoked',
  'passkey.refused',
  'passkey.clone_suspected',
  'passkey.backup_changed',
  'passkey.imported',
  'user.linked',
  'user.unlinked',
  'user.identity_conflict',
  'user.deleted',
  'step_up.refused',
] as const;

/** One of {@link WEBHOOK_EVENT_TYPES}. */
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

/** How webhooks call what the rows of the audit trail call otherwise. */
export const WEBHOOK_TYPE_OF: Readonly<Record<AuditEventType, WebhookEventType>> = {
  registered: 'passkey.registered',
  imported: 'passkey.imported',
  authenticated: 'passkey.used',
  renamed: 'passkey.renamed',
  revoked: 'passkey.revoked',
  refused: 'passkey.refused',
  clone_suspected: 'passkey.clone_suspected',
  'passkey.backup_changed': 'passkey.backup_changed',
  erased: 'user.deleted',
  'user.linked': 'user.linked',
  'user.unlinked': 'user.unlinked',
  'user.identity_conflict': 'user.identity_conflict',
  'step_up.refused': 'step_up.refused',
};
