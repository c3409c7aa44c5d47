export { PasskeyTableElement } from './passkey-table.js';
export type {
  PasskeyTableEventDetails,
  PasskeyTableEventTypes,
  PasskeyTableRequestDetails,
} from './events.js';
export type { PasskeyAction } from './error-sentence.js';
export { PasskeyHistoryElement } from './passkey-history.js';
export type { PasskeyHistoryTextChanges, PasskeyHistoryTexts } from './history-texts.js';
export type { PasskeyTableTextChanges, PasskeyTableTexts } from './texts.js';
export type { StepUpRequest, StepUpCallback } from './step-up.js';
export {
  type FlexTransaction,
  type GetToken,
  type HistoryQuery,
  type PasskeyEvent,
  type PasskeyHistory,
  type PasskeyList,
  RequestError,
  UserApi,
  type UserPasskey as Passkey,
  type UserSignal,
  type VerifiedNonce,
} from '@keyway/passage-flex-js';
