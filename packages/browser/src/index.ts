export { PassageFlex, type PassageFlexOptions } from './passage-flex.js';
export type {
  AuthenticateOptions,
  AuthenticatorAttachment,
  Hint,
  Passkey,
  RegisterOptions,
  UpgradeOptions,
} from './passkey.js';
export { challengeIn, confirmWithPasskey, withStepUp } from './step-up.js';
export * from './http.js';
