export { PasskeyTableElement } from './passkey-table.js';
export type { PasskeyTableEventDetails } from './events.js';
export type { PasskeyAction } from './error-sentence.js';
export { PasskeyHistoryElement } from './passkey-history.js';
export type { PasskeyHistoryTextChanges, PasskeyHistoryTexts } from './history-texts.js';
export type { PasskeyTableTextChanges, PasskeyTableTexts } from './texts.js';
export { RequestError } from './request.js';
export {
  type UserSignal,
  type FlexTransaction,
  type GetToken,
  type HistoryQuery,
  type Passkey,
  type PasskeyEvent,
  type PasskeyHistory,
  type PasskeyList,
  UserApi,
  type VerifiedNonce,
} from './user-api.js';
