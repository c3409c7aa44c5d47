export { PasskeyTableElement } from './passkey-table.js';
export type { PasskeyTableEventDetails } from './events.js';
export type { PasskeyAction } from './error-sentence.js';
export type { PasskeyTableTextChanges, PasskeyTableTexts } from './texts.js';
export { RequestError } from './request.js';
export {
  type UserSignal,
  type FlexTransaction,
  type GetToken,
  type Passkey,
  type PasskeyList,
  UserApi,
  type VerifiedNonce,
} from './user-api.js';
