import { SpecificationStep } from './ceremony-refusal.js';

/**
 * The steps that the two ceremonies of WebAuthn Level 3 share, by their numbers in each, so that a check which both run
 * refuses with the right number.
 */
export interface Ceremony {
  readonly clientDataType: 'webauthn.create' | 'webauthn.get';
  readonly response: SpecificationStep;
  readonly clientDataText: SpecificationStep;
  readonly clientDataObject: SpecificationStep;
  readonly type: SpecificationStep;
  readonly challenge: SpecificationStep;
  readonly origin: SpecificationStep;
  readonly crossOrigin: SpecificationStep;
  readonly topOrigin: SpecificationStep;
  readonly authenticatorData: SpecificationStep;
  readonly rpIdHash: SpecificationStep;
  readonly userPresent: SpecificationStep;
  readonly userVerified: SpecificationStep;
  readonly backupState: SpecificationStep;
}

/** The steps of §7.1, Registering a New Credential. */
export const REGISTRATION: Ceremony = {
  clientDataType: 'webauthn.create',
  response: '7.1-3',
  clientDataText: '7.1-5',
  clientDataObject: '7.1-6',
  type: '7.1-7',
  challenge: '7.1-8',
  origin: '7.1-9',
  crossOrigin: '7.1-10',
  topOrigin: '7.1-11',
  authenticatorData: '7.1-13',
  rpIdHash: '7.1-14',
  userPresent: '7.1-15',
  userVerified: '7.1-16',
  backupState: '7.1-17',
};

/** The steps of §7.2, Verifying an Authentication Assertion. */
export const AUTHENTICATION: Ceremony = {
  clientDataType: 'webauthn.get',
  response: '7.2-3',
  clientDataText: '7.2-8',
  clientDataObject: '7.2-9',
  type: '7.2-10',
  challenge: '7.2-11',
  origin: '7.2-12',
  crossOrigin: '7.2-13',
  topOrigin: '7.2-14',
  authenticatorData: '7.2-7',
  rpIdHash: '7.2-15',
  userPresent: '7.2-16',
  userVerified: '7.2-17',
  backupState: '7.2-18',
};
