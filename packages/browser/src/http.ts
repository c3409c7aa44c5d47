/* Without the ceremonies: what a page needs that shows passkeys before anything is done with them. */
export { PassageError, type PassageErrorCode, type StepUpChallenge } from './passage-error.js';
export type { OnCreated } from './passkey.js';
export { signalAccepted, signalNames, signalUnknownCredential, type UserSignal } from './signals.js';
export {
  type FlexTransaction,
  type GetToken,
  type HistoryQuery,
  type PasskeyEvent,
  type PasskeyHistory,
  type PasskeyList,
  type Place,
  type StepUpAct,
  type StepUpOptions,
  UserApi,
  type UserApiOptions,
  type UserPasskey,
  type VerifiedNonce,
} from './user-api.js';
