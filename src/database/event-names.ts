/** How 0.2.0 named events, and how they are named since. */
export const EVENT_NAMES: readonly (readonly [before: string, now: string])[] = [
  ['registered', 'passkey.registered'],
  ['imported', 'passkey.imported'],
  ['authenticated', 'passkey.used'],
  ['renamed', 'passkey.renamed'],
  ['revoked', 'passkey.revoked'],
  ['refused', 'passkey.refused'],
  ['clone_suspected', 'passkey.clone_suspected'],
  ['erased', 'user.deleted'],
];

type Names = readonly (readonly [from: string, to: string])[];

/** SQL that gives the other name of an event. */
export const renamed = (type: string, names: Names = EVENT_NAMES): string =>
  `case ${type} ${names.map(([from, to]) => `when '${from}' then '${to}'`).join(' ')} end`;

/** SQL that tells whether an event has another name. */
export const isNamed = (type: string, names: Names = EVENT_NAMES): string =>
  `${type} in (${names.map(([from]) => `'${from}'`).join(', ')})`;
