export { PassageFlex, type PassageFlexOptions } from './passage-flex.js';
export type {
  AuthenticateOptions,
  AuthenticatorAttachment,
  Hint,
  OnCreated,
  Passkey,
  RegisterOptions,
  UpgradeOptions,
} from './passkey.js';
export { PassageError, type PassageErrorCode, type StepUpChallenge } from './passage-error.js';
export { signalAccepted, signalUnknownCredential, type UserSignal } from './signals.js';
export { challengeIn, confirmWithPasskey, withStepUp } from './step-up.js';
export {
  type FlexTransaction,
  type GetToken,
  type PasskeyList,
  type Place,
  type StepUpAct,
  type StepUpOptions,
  UserApi,
  type UserApiOptions,
  type HistoryQuery,
  type PasskeyEvent,
  type PasskeyHistory,
  type UserPasskey,
  type VerifiedNonce,
} from './user-api.js';
