export {
  PassageFlex,
  type AppInfo,
  type AppStepUp,
  type CallOptions,
  type PassageFlexConfig,
  type StepUpProof,
} from './passage-flex.js';
export type {
  Auth,
  AuthenticateTransactionArgs,
  NonceProof,
  RegisterTransactionArgs,
  RegisterTransactionOptions,
  StepUpFor,
  VerifyNonceOptions,
} from './auth.js';
export type { EventActor, EventPage, Events, ListEventsArgs, PassageEvent } from './events.js';
export type { Stats } from './stats.js';
export type { IdentityArgs, ListUsersArgs, RenameDeviceArgs, RevokeDeviceArgs, User } from './user.js';
export { PassageError, PassageErrorCode } from './passage-error.js';
export {
  UserStatus,
  WebAuthnType,
  type ListedUser,
  type PassageUser,
  type UserPage,
  type WebAuthnDevice,
} from './models.js';
// The names that the originals gave to the same.
export { PassageErrorCode as ErrorStatusText } from './passage-error.js';
export type { PassageFlexConfig as PassageConfig } from './passage-flex.js';
export type { PassageUser as UserInfo, WebAuthnDevice as WebAuthnDevices, WebAuthnIcons } from './models.js';
export type {
  AuthenticateTransactionArgs as CreateTransactionAuthenticateRequest,
  RegisterTransactionArgs as CreateTransactionRegisterRequest,
} from './auth.js';
