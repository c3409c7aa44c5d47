export { PasskeyTableElement } from './passkey-table.js';
export { PasskeySignInElement } from './passkey-sign-in.js';
export type { PasskeyTableEventDetails } from './table/events.js';
export type { StepUpCallback, StepUpRequest } from './table/step-up.js';
export type { PasskeySignInEventDetails, UpgradeOutcome } from './sign-in/events.js';
export type { Upgraded } from './sign-in/upgrade.js';
export { PasskeyHistoryElement } from './passkey-history.js';
export type { PasskeyHistoryTextChanges, PasskeyHistoryTexts } from './history/texts.js';
export type { PasskeyAction } from './text/error-sentence.js';
export type {
  ErrorTextChanges,
  ErrorTexts,
  Language,
  NameTexts,
  PasskeySignInTextChanges,
  PasskeySignInTexts,
  PasskeyTableTextChanges,
  PasskeyTableTexts,
  Plural,
} from './text/texts.js';
// Of the client for browsers, with which the elements work.
export {
  type FlexTransaction,
  type GetToken,
  type HistoryQuery,
  PassageError,
  type PasskeyEvent,
  type PasskeyHistory,
  type PasskeyList,
  type StepUpAct,
  UserApi,
  type UserPasskey,
  type UserSignal,
  type VerifiedNonce,
} from '@keyway/passage-flex-js';
