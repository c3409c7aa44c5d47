export { PassageFlex, type PassageFlexOptions } from './passage-flex.js';
export type {
  AuthenticateOptions,
  AuthenticatorAttachment,
  Hint,
  Passkey,
  RegisterOptions,
  UpgradeOptions,
} from './passkey.js';
export { RequestError, type StepUpChallenge } from './request.js';
export { challengeIn, confirmWithPasskey, withStepUp } from './step-up.js';
export {
  type FlexTransaction,
  type GetToken,
  type PasskeyList,
  signalAccepted,
  type StepUpAct,
  type StepUpOptions,
  UserApi,
  type UserApiOptions,
  type HistoryQuery,
  type PasskeyEvent,
  type PasskeyHistory,
  type UserPasskey,
  type UserSignal,
  type VerifiedNonce,
} from './user-api.js';
export { PassageError, type PassageErrorCode } from './passage-error.js';
