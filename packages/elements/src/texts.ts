/**
 * Every text of the table. `{name}` and the like are filled in as plain text. `errors` is looked up by
 * `action.code` (`rename.invalid_request`), then by code or `DOMException` name, then `unknown`.
 */
export interface PasskeyTableTexts {
  readonly heading: string;
  readonly caption: string;
  readonly add: string;
  readonly adding: string;
  readonly confirming: string;
  readonly count: string;
  readonly full: string;
  readonly added: string;
  readonly unsupported: string;
  readonly loading: string;
  readonly retry: string;
  readonly emptyTitle: string;
  readonly emptyText: string;
  readonly columnName: string;
  readonly automatic: string;
  readonly columnProvider: string;
  readonly columnSynced: string;
  readonly columnAdded: string;
  readonly columnLastUsed: string;
  readonly columnUsage: string;
  readonly columnActions: string;
  readonly synced: string;
  readonly notSynced: string;
  readonly unknown: string;
  readonly never: string;
  readonly details: string;
  readonly detailsOf: string;
  readonly rename: string;
  readonly renameOf: string;
  readonly newName: string;
  readonly save: string;
  readonly cancel: string;
  readonly renamed: string;
  readonly nameMissing: string;
  readonly revoke: string;
  readonly revokeOf: string;
  readonly revokeTitle: string;
  readonly revokeText: string;
  readonly revokeLast: string;
  readonly revokeLastWarning: string;
  readonly revokeDenied: string;
  readonly close: string;
  readonly confirmRevoke: string;
  readonly keep: string;
  readonly revoked: string;
  readonly type: string;
  readonly types: Readonly<Record<string, string>>;
  readonly credentialId: string;
  readonly id: string;
  readonly updated: string;
  readonly transports: string;
  readonly errors: Readonly<Record<string, string>>;
}

/** Replacements for some of the texts; the rest stay English. */
export type PasskeyTableTextChanges = Partial<Omit<PasskeyTableTexts, 'errors' | 'types'>> & {
  readonly errors?: Readonly<Record<string, string>>;
  readonly types?: Readonly<Record<string, string>>;
};

/** The English texts. */
export const ENGLISH: PasskeyTableTexts = {
  heading: 'Passkeys',
  caption: 'Passkeys of {username}',
  add: 'Add a passkey',
  adding: 'Follow the steps that your browser shows.',
  confirming: 'Confirm with one of your passkeys that it is you.',
  count: '{count} of {limit} passkeys.',
  full: 'Revoke one before you add another.',
  added: 'The passkey “{name}” was added.',
  unsupported: 'This browser cannot create passkeys. You can still rename and revoke the ones you have.',
  loading: 'Loading your passkeys…',
  retry: 'Try again',
  emptyTitle: 'No passkeys yet',
  emptyText: 'With a passkey you sign in with your fingerprint, face, screen lock or security key.',
  columnName: 'Name',
  automatic: 'Added automatically',
  columnProvider: 'Provider',
  columnSynced: 'Storage',
  columnAdded: 'Added',
  columnLastUsed: 'Last used',
  columnUsage: 'Uses',
  columnActions: 'Actions',
  synced: 'Synced',
  notSynced: 'On this device only',
  unknown: 'Unknown',
  never: 'never',
  details: 'Details',
  detailsOf: 'Details of {name}',
  rename: 'Rename',
  renameOf: 'Rename {name}',
  newName: 'New name for {name}',
  save: 'Save',
  cancel: 'Cancel',
  renamed: 'The passkey is now called “{name}”.',
  nameMissing: 'Give the passkey a name.',
  revoke: 'Revoke',
  revokeOf: 'Revoke {name}',
  revokeTitle: 'Revoke “{name}”?',
  revokeText:
    'It can never be used to sign in to your account again. ' +
    'A copy may remain on your device or in your password manager; you can delete it there.',
  revokeLast: 'It is the only passkey on your account.',
  revokeLastWarning: 'Make sure that you can sign in another way.',
  revokeDenied:
    'It is the only passkey with which you can sign in, so it cannot be revoked. Add another passkey first.',
  close: 'Close',
  confirmRevoke: 'Revoke passkey',
  keep: 'Keep it',
  revoked: 'The passkey “{name}” was revoked.',
  type: 'Type',
  types: { passkey: 'Passkey', security_key: 'Security key', platform: 'Built into the device' },
  credentialId: 'Credential ID',
  id: 'ID',
  updated: 'Updated',
  transports: 'Transports',
  errors: {
    network_unreachable: 'The server cannot be reached. Check your connection and try again.',
    timed_out: 'The server took too long to answer. Try again.',
    missing_token: 'You are no longer signed in. Sign in and try again.',
    invalid_token: 'Your session has ended. Sign in and try again.',
    access_denied: 'You are not allowed to do this.',
    user_not_active: 'Your account is not active.',
    device_not_found: 'This passkey no longer exists. It may have been revoked elsewhere.',
    insufficient_user_authentication:
      'You have to prove again that it is you. Sign out, sign in, and try again.',
    last_passkey:
      'It is the only passkey with which you can sign in, so it cannot be revoked. Add another passkey first.',
    webauthn_login_failed: 'Your passkey was not accepted. Try another one.',
    too_many_passkeys: 'You have as many passkeys as an account can hold. Revoke one first.',
    too_many_requests: 'That was too often. Wait a moment and try again.',
    exceeded_attempts: 'That was too often. Wait a moment and try again.',
    provider_unavailable: 'Passkeys are out of reach at the moment. Try again in a minute.',
    token_keys_unavailable: 'Passkeys are out of reach at the moment. Try again in a minute.',
    database_busy: 'Passkeys are out of reach at the moment. Try again in a minute.',
    database_unavailable: 'Passkeys are out of reach at the moment. Try again in a minute.',
    request_deadline_exceeded: 'Passkeys are out of reach at the moment. Try again in a minute.',
    'rename.invalid_request': 'This name cannot be used. Use up to 64 ordinary characters.',
    'add.invalid_request': 'The passkey was not accepted. Try again.',
    transaction_not_found: 'That took too long. Try again.',
    invalid_nonce: 'That took too long. Try again.',
    'revoke.passkey_cancelled':
      'The passkey was not revoked: the browser’s prompt was closed or ran out of time.',
    'revoke.ceremony_aborted': 'The passkey was not revoked: the browser’s prompt was closed.',
    passkey_cancelled: 'No passkey was added: the browser’s prompt was closed or ran out of time.',
    ceremony_aborted: 'No passkey was added: the browser’s prompt was closed.',
    passkey_already_registered: 'This device or password manager already holds a passkey for your account.',
    authenticator_not_supported:
      'This device cannot create the passkey that is needed here. Set up a screen lock or PIN, or use another device.',
    origin_not_allowed: 'Passkeys cannot be created on this address.',
    prompt_already_open: 'Another passkey prompt is still open. Close it and try again.',
    unknown: 'Something went wrong. Try again.',
  },
};

/** The English texts with some replaced; error sentences and types are replaced one by one. */
export function withTexts(changes: PasskeyTableTextChanges): PasskeyTableTexts {
  return {
    ...ENGLISH,
    ...changes,
    errors: { ...ENGLISH.errors, ...changes.errors },
    types: { ...ENGLISH.types, ...changes.types },
  };
}

/** Fills `{key}` in a text; unknown keys stay as they are. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, key: string) => values[key] ?? placeholder);
}
