export { PassageFlex, type PassageFlexOptions } from './passage-flex.js';
export type {
  AuthenticateOptions,
  AuthenticatorAttachment,
  Hint,
  Passkey,
  RegisterOptions,
  UpgradeOptions,
} from './passkey.js';
export { PassageError, type PassageErrorCode } from './passage-error.js';
