import { ENGLISH_ERRORS } from '../text/english-errors.js';
import type { ErrorTextChanges, ErrorTexts, HistoryTexts, Language } from '../text/texts.js';

/** Every text of the history, with the words that it shares with the table; `errors` as in the table. */
export interface PasskeyHistoryTexts extends HistoryTexts {
  readonly retry: string;
  readonly browserOn: string;
  readonly errors: ErrorTexts & ErrorTextChanges;
}

/** Texts to use in place of the built-in ones; those of a list one by one. What is left out stays as built in. */
export type PasskeyHistoryTextChanges = Partial<Omit<PasskeyHistoryTexts, 'errors'>> & {
  readonly errors?: ErrorTextChanges;
};

const ENGLISH: PasskeyHistoryTexts = {
  heading: 'What happened to your passkeys',
  loading: 'Loading what happened…',
  retry: 'Try again',
  empty: 'Nothing has happened to your passkeys yet.',
  more: 'Show more',
  loadingMore: 'Loading more…',
  nameless: 'a passkey that was revoked',
  unknownType: 'Something happened',
  browserOn: '{browser} on {system}',
  types: {
    'passkey.registered': 'Passkey added',
    'passkey.imported': 'Passkey imported',
    'passkey.used': 'Signed in',
    'passkey.renamed': 'Passkey renamed',
    'passkey.revoked': 'Passkey revoked',
    'passkey.refused': 'Passkey refused',
    'passkey.clone_suspected': 'Sign-in refused: the passkey may have been copied',
    'passkey.backup_changed': 'Passkey can be synced now, or no longer',
    'step_up.refused': 'Confirmation refused',
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

/** The texts of a language, null for English, with some replaced. */
export function historyTexts(
  language: Language | null,
  changes: PasskeyHistoryTextChanges,
): PasskeyHistoryTexts {
  const { retry, browserOn } = language?.table ?? ENGLISH;
  const texts = {
    ...ENGLISH,
    retry,
    browserOn,
    ...language?.history,
    errors: { ...(language?.errors ?? ENGLISH_ERRORS) },
  };
  return {
    ...texts,
    ...changes,
    types: { ...texts.types, ...changes.types },
    actors: { ...texts.actors, ...changes.actors },
    reasons: { ...texts.reasons, ...changes.reasons },
    errors: { ...texts.errors, ...changes.errors },
  };
}
