import { ENGLISH_ERRORS } from '../text/english-errors.js';
import type { ErrorTextChanges, ErrorTexts } from '../text/texts.js';

/**
 * Every text of the history. `types` and `actors` are looked up by what the server says, `reasons` by its code, which is shown
 * as it is where there is no text; `errors` as in the table.
 */
export interface PasskeyHistoryTexts {
  readonly heading: string;
  readonly loading: string;
  readonly retry: string;
  readonly empty: string;
  readonly more: string;
  readonly loadingMore: string;
  readonly nameless: string;
  readonly unknownType: string;
  readonly types: Readonly<Record<string, string>>;
  readonly actors: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly reasons: Readonly<Record<string, string>>;
  readonly errors: ErrorTexts & ErrorTextChanges;
}

/** Replacements for some of the texts; the rest stay English. */
export type PasskeyHistoryTextChanges = Partial<Omit<PasskeyHistoryTexts, 'errors'>> & {
  readonly errors?: ErrorTextChanges;
};

/** The English texts. */
const ENGLISH: PasskeyHistoryTexts = {
  heading: 'What happened to your passkeys',
  loading: 'Loading what happened…',
  retry: 'Try again',
  empty: 'Nothing has happened to your passkeys yet.',
  more: 'Show more',
  loadingMore: 'Loading more…',
  nameless: 'a passkey that was revoked',
  unknownType: 'Something happened',
  types: {
    'passkey.registered': 'Passkey added',
    'passkey.imported': 'Passkey imported',
    'passkey.used': 'Signed in',
    'passkey.renamed': 'Passkey renamed',
    'passkey.revoked': 'Passkey revoked',
    'passkey.refused': 'Passkey refused',
    'passkey.clone_suspected': 'Sign-in refused: the passkey may have been copied',
    'passkey.backup_changed': 'Passkey can be synced now, or no longer',
    'user.linked': 'Account linked',
    'user.unlinked': 'Account unlinked',
    'user.identity_conflict': 'Account not linked',
    'user.deleted': 'Account erased',
  },
  actors: {
    person: 'You',
    server: 'This site',
    command_line: 'An administrator',
    unknown: 'Somebody',
  },
  reason: 'Reason: {reason}',
  reasons: {
    automatic: 'added automatically',
    origin_not_allowed: 'from another site',
    handshake_expired: 'it took too long',
    handshake_spent: 'it was sent twice',
    credential_revoked: 'the passkey was revoked',
    user_not_verified: 'the device did not check that it was you',
  },
  errors: { ...ENGLISH_ERRORS },
};

/** The English texts with some replaced; those of a list one by one. */
export function withHistoryTexts(changes: PasskeyHistoryTextChanges): PasskeyHistoryTexts {
  return {
    ...ENGLISH,
    ...changes,
    types: { ...ENGLISH.types, ...changes.types },
    actors: { ...ENGLISH.actors, ...changes.actors },
    reasons: { ...ENGLISH.reasons, ...changes.reasons },
    errors: { ...ENGLISH.errors, ...changes.errors },
  };
}
