import { isCount, isListOf, isObject, isText, type Json, orNothing, read } from './answers.js';

/** Keyway's own: users of the app by their passkeys, its passkeys, and its sign-ins by day. */
export interface Stats {
  users: { total: number; withNone: number; withOne: number; withSeveral: number };
  /** `unknown`: imported, and no sign-in has shown since whether they are synced. */
  passkeys: { total: number; synced: number; notSynced: number; unknown: number };
  /** Most passkeys first; null stands for all makers that are not known by name. */
  providers: { provider: string | null; passkeys: number }[];
  /** Of each of the last days by UTC (`2026-11-27`), today the first. */
  signIns: { day: string; signIns: number }[];
}

/** Reads what `/stats` answers. Throws `invalid_response`. */
export function toStats(answer: Json): Stats {
  const users = read(answer, 'users', isObject);
  const passkeys = read(answer, 'passkeys', isObject);
  return {
    users: {
      total: read(users, 'total', isCount),
      withNone: read(users, 'with_none', isCount),
      withOne: read(users, 'with_one', isCount),
      withSeveral: read(users, 'with_several', isCount),
    },
    passkeys: {
      total: read(passkeys, 'total', isCount),
      synced: read(passkeys, 'synced', isCount),
      notSynced: read(passkeys, 'not_synced', isCount),
      unknown: read(passkeys, 'unknown', isCount),
    },
    providers: read(answer, 'providers', isListOf(isObject)).map((each) => ({
      provider: read(each, 'provider', orNothing(isText)) ?? null,
      passkeys: read(each, 'passkeys', isCount),
    })),
    signIns: read(answer, 'sign_ins', isListOf(isObject)).map((each) => ({
      day: read(each, 'day', isText),
      signIns: read(each, 'sign_ins', isCount),
    })),
  };
}
