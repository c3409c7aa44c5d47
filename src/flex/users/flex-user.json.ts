import { describeUserAgent } from '../../authenticators/user-agent.js';
import type { AuditEventSummary } from '../../events/audit.repository.js';
import { toDevice } from '../devices/device.json.js';
import type { Identity } from '../../users/user.repository.js';
import type { Passkey, UserPasskeys } from '../devices/passkey.js';
import type { FlexUserRecord } from './flex-user.repository.js';

/** A user with all that the protocol tells of one, and their identity; null where the external ID is tied to none. */
export interface UserProfile {
  readonly user: FlexUserRecord;
  readonly identity: Identity | null;
  readonly devices: readonly Passkey[];
  readonly signalUserHandles: UserPasskeys['signalUserHandles'];
  readonly events: readonly AuditEventSummary[];
}

/** The members of a user that both the list and the single user have. */
export const toListedUser = (user: FlexUserRecord) => ({
  id: user.id,
  external_id: user.externalId,
  status: user.status,
  created_at: user.createdAt.toISOString(),
  updated_at: user.updatedAt.toISOString(),
  last_login_at: (user.lastLoginAt ?? user.createdAt).toISOString(),
  login_count: user.loginCount,
  email: '',
  email_verified: false,
  phone: '',
  phone_verified: false,
  user_metadata: null,
});

/** The protocol's `user`, then our own members. */
export const toUser = (
  { user, identity, devices, signalUserHandles, events }: UserProfile,
  maySeeAddresses: boolean,
) => ({
  ...toListedUser(user),
  social_connections: {},
  recent_events: events.map((event) => toRecentEvent(event, maySeeAddresses)),
  webauthn: devices.length > 0,
  webauthn_devices: devices.map(toDevice),
  webauthn_types: [...new Set(devices.map(({ type }) => type))],
  user_handle: user.userHandle.toString('base64url'),
  signal_user_handles: signalUserHandles,
  issuer: identity?.issuer ?? null,
  subject: identity?.subject ?? null,
});

const ACTIONS: Readonly<Record<string, 'register' | 'login'>> = {
  'passkey.registered': 'register',
  'passkey.used': 'login',
};

const INCOMPLETE: readonly string[] = [
  'passkey.refused',
  'passkey.clone_suspected',
  'user.identity_conflict',
];

const toRecentEvent = (
  { id, type, createdAt, address, userAgent }: AuditEventSummary,
  maySeeAddresses: boolean,
) => {
  const isComplete = !INCOMPLETE.includes(type);
  return {
    id,
    type,
    action: ACTIONS[type] ?? 'other',
    status: isComplete ? 'complete' : 'incomplete',
    created_at: createdAt.toISOString(),
    completed_at: isComplete ? createdAt.toISOString() : null,
    ip_addr: (maySeeAddresses && address) || '',
    user_agent: userAgent ?? '',
    user_agent_display: describeUserAgent(userAgent) ?? userAgent ?? '',
    social_login_type: null,
  };
};
