/** A sentence for each plural category that the language has; `Intl.PluralRules` chooses. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

/** Every text of `<passkey-table>`. `{name}` and the like are filled in as plain text. */
export interface PasskeyTableTexts {
  readonly heading: string;
  readonly loading: string;
  readonly retry: string;
  readonly dismiss: string;
  /** What stands in place of the list where the page or the server is not set up right. */
  readonly misconfigured: string;
  readonly unsupported: string;

  readonly heroTitle: string;
  readonly heroText: string;
  readonly whatTitle: string;
  readonly whatText: string;
  readonly whereTitle: string;
  readonly whereText: string;

  readonly add: string;
  readonly beforeAdding: string;
  readonly added: string;
  readonly addCancelled: string;
  readonly counted: Plural;
  readonly limitReached: string;
  readonly advice: string;

  readonly groupDevices: string;
  readonly groupKeys: string;
  readonly search: string;
  readonly found: Plural;
  readonly currentSession: string;
  readonly automatic: string;
  readonly syncedIn: string;
  readonly synced: string;
  readonly savedIn: string;
  readonly onOneDevice: string;
  readonly onSecurityKey: string;
  readonly addedWhen: string;
  readonly usedWhen: string;
  /** `{place}` is {@link browserOn} filled in. */
  readonly usedWhenWhere: string;
  readonly notUsedYet: string;
  readonly browserOn: string;

  readonly details: string;
  readonly detailsOf: string;
  readonly type: string;
  readonly types: Readonly<Record<'passkey' | 'security_key' | 'platform', string>>;
  readonly provider: string;
  readonly addedAt: string;
  readonly addedFrom: string;
  readonly renamedAt: string;
  readonly lastUsedAt: string;
  readonly uses: string;
  readonly transports: string;
  readonly id: string;
  readonly credentialId: string;

  readonly rename: string;
  readonly renameOf: string;
  readonly newName: string;
  readonly save: string;
  readonly cancel: string;
  readonly renamed: string;
  readonly nameMissing: string;
  readonly nameTaken: string;

  readonly revoke: string;
  readonly revokeOf: string;
  readonly revokeTitle: string;
  readonly revokeText: string;
  readonly revokeCopy: string;
  readonly revokeCopyIn: string;
  readonly howToDelete: string;
  readonly revokeLast: string;
  readonly recovery: string;
  readonly confirmRevoke: string;
  readonly keep: string;
  readonly revoked: string;

  readonly stepUpTitle: string;
  readonly stepUpText: string;
  readonly stepUp: string;
}

/** Every text of `<passkey-sign-in>`. */
export interface PasskeySignInTexts {
  readonly signIn: string;
  readonly waiting: string;
  readonly cancel: string;
  readonly unsupported: string;
  readonly misconfigured: string;
  /** The passkey is not, or no longer, one of the server's. */
  readonly unknownPasskey: string;
}

/**
 * What people are told when something fails. A sentence for one of the server's codes alone can be added by
 * `action.code` (`revoke.access_denied`) or `code`; these are found first.
 */
export interface ErrorTexts {
  readonly unreachable: string;
  readonly slow: string;
  readonly signedOut: string;
  readonly denied: string;
  readonly inactive: string;
  readonly gone: string;
  readonly tooMany: string;
  readonly tooOften: string;
  readonly outage: string;
  readonly badName: string;
  readonly notAccepted: string;
  readonly expired: string;
  readonly addCancelled: string;
  readonly cancelled: string;
  readonly alreadyHere: string;
  readonly unsuitable: string;
  readonly wrongAddress: string;
  readonly otherPrompt: string;
  readonly lastPasskey: string;
  readonly signInAgain: string;
  readonly stepUpFailed: string;
  readonly signInFailed: string;
  readonly unknown: string;
}

/** Default names of passkeys, which the server makes in English, in people's own language. */
export interface NameTexts {
  readonly securityKey: string;
  readonly phoneOrTablet: string;
  readonly passkey: string;
}

/**
 * What the history says, errors and the words that it shares with the table aside. `types` and `actors` are looked up by what
 * the server says, `reasons` by its code, which is shown as it is where there is no text.
 */
export interface HistoryTexts {
  readonly heading: string;
  readonly loading: string;
  readonly empty: string;
  readonly more: string;
  readonly loadingMore: string;
  readonly nameless: string;
  readonly unknownType: string;
  readonly types: Readonly<Record<string, string>>;
  readonly actors: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly reasons: Readonly<Record<string, string>>;
}

/** One language, complete. */
export interface Language {
  readonly table: PasskeyTableTexts;
  readonly signIn: PasskeySignInTexts;
  readonly history: HistoryTexts;
  readonly errors: ErrorTexts;
  readonly names: NameTexts;
}

/** Error sentences by a name of {@link ErrorTexts}, by a code, or by `action.code`. */
export type ErrorTextChanges = Readonly<Record<string, string>>;

/** Texts to use in place of the built-in ones; what is left out stays as built in. */
export type PasskeyTableTextChanges = Partial<Omit<PasskeyTableTexts, 'types'>> & {
  readonly types?: Partial<PasskeyTableTexts['types']>;
  readonly errors?: ErrorTextChanges;
  readonly names?: Partial<NameTexts>;
};

/** As {@link PasskeyTableTextChanges}, for the sign-in. */
export type PasskeySignInTextChanges = Partial<PasskeySignInTexts> & { readonly errors?: ErrorTextChanges };
