/** Every type of audit event. Apart from the entity, so that the command line's help loads no ORM. */
export const AUDIT_EVENT_TYPES = [
  'passkey.registered',
  'passkey.imported',
  'passkey.used',
  'passkey.renamed',
  'passkey.revoked',
  'passkey.refused',
  'passkey.clone_suspected',
  'passkey.backup_changed',
  'user.deleted',
  'user.linked',
  'user.unlinked',
  'user.identity_conflict',
  'step_up.refused',
] as const;

/**
 * One of {@link AUDIT_EVENT_TYPES}; `erased` and those that begin with `user.` are of a user, all others of a passkey or a
 * ceremony.
 */
export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number];
