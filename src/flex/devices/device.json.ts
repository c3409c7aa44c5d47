import type { Passkey } from './passkey.js';

/** The protocol's `device`, then our own members. Before the first sign-in `last_login_at` equals `created_at`. */
export const toDevice = (device: Passkey) => ({
  id: device.id,
  cred_id: device.credId,
  friendly_name: device.friendlyName,
  type: device.type,
  created_at: device.createdAt.toISOString(),
  updated_at: device.updatedAt.toISOString(),
  last_login_at: (device.lastLoginAt ?? device.createdAt).toISOString(),
  usage_count: device.usageCount,
  icons: { light: device.icons.light, dark: device.icons.dark },
  provider: device.provider,
  synced: device.synced,
  transports: device.transports,
});
