import type { Lifetimes } from '../../config/configuration.js';
import type { RelyingParty } from '../../webauthn/relying-party.js';
import type { App } from './app.entity.js';

type FieldName = Exclude<keyof App & string, 'id' | 'createdAt' | 'updatedAt'>;
type ReadonlyList<T> = T extends readonly (infer Each)[] ? readonly Each[] : T;

/** What an operator decides about an app: each column of its row, as {@link App} describes it. */
export type AppFields = { readonly [Name in FieldName]: ReadonlyList<Exclude<App[Name], undefined>> };

/** An app as it is stored. */
export interface StoredApp extends AppFields {
  readonly id: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An app as its operator sees it, with how much there is of it. */
export interface AppRecord extends StoredApp {
  readonly users: number;
  readonly passkeys: number;
  /** Devices that were imported without their public keys: their users have to register again. */
  readonly legacyDevices: number;
  /** API keys that may be used now. */
  readonly keys: number;
}

/** The fields of a new app for which no value is given; the defaults of the schema are the same. */
export const NEW_APP = {
  relatedOrigins: [],
  androidOrigins: [],
  topOrigins: [],
  unknownFrames: 'refuse',
  userVerification: 'required',
  residentKey: 'required',
  attestation: 'none',
  attestationTrust: 'optional',
  aaguidAllow: null,
  aaguidDeny: [],
  backupEligibilityChange: 'record',
  algorithms: [-7, -8, -257],
  icons: 'url',
  conditionalCreate: 'off',
  maxPasskeysPerUser: 50,
  stepUp: 'off',
  stepUpMaxAge: 300,
  stepUpAcr: [],
  stepUpAmr: [],
  lastPasskey: 'warn',
  unknownCredential: 'revoked',
  passkeyEndpointsEnroll: null,
  passkeyEndpointsManage: null,
  appleAppIds: [],
  androidPackages: [],
  webhookHosts: [],
  ceremonyTimeout: null,
  handshakeTtl: null,
  registerTransactionTtl: null,
  authenticateTransactionTtl: null,
  nonceTtl: null,
} as const satisfies Omit<AppFields, 'name' | 'rpId' | 'origins'>;

/** The fields that {@link AppPolicy} has in another form. */
type Reshaped =
  | 'name'
  | 'rpId'
  | 'origins'
  | 'relatedOrigins'
  | 'androidOrigins'
  | 'topOrigins'
  | 'unknownFrames'
  | 'ceremonyTimeout'
  | 'handshakeTtl'
  | 'registerTransactionTtl'
  | 'authenticateTransactionTtl'
  | 'nonceTtl';

/** An app as ceremonies see it: the relying party and its rules. */
export interface AppPolicy extends Omit<StoredApp, Reshaped> {
  /** Its origins are all that may run ceremonies: those of the app, related ones and those of Android apps. */
  readonly relyingParty: RelyingParty;
  /** Exact origins of the web pages that may read answers (CORS): those of the app first, then related ones. */
  readonly webOrigins: readonly string[];
  /** How long browsers wait for a ceremony, in seconds; never longer than its handshake is valid. */
  readonly ceremonyTimeout: number;
  /** Seconds. */
  readonly lifetimes: Lifetimes;
}

/** The policy of a stored app; `defaults` are the lifetimes of an app that sets none. */
export function toPolicy(
  {
    name,
    rpId,
    origins,
    relatedOrigins,
    androidOrigins,
    topOrigins,
    unknownFrames,
    ceremonyTimeout,
    handshakeTtl,
    registerTransactionTtl,
    authenticateTransactionTtl,
    nonceTtl,
    ...rules
  }: StoredApp,
  defaults: Lifetimes,
): AppPolicy {
  const webOrigins = [...origins, ...relatedOrigins];
  const handshake = handshakeTtl ?? defaults.handshake;
  return {
    ...rules,
    relyingParty: {
      id: rpId,
      name,
      origins: [...webOrigins, ...androidOrigins],
      topOrigins,
      unknownFrames,
    },
    webOrigins,
    ceremonyTimeout: Math.min(ceremonyTimeout ?? handshake, handshake),
    lifetimes: {
      handshake,
      registerTransaction: registerTransactionTtl ?? defaults.registerTransaction,
      authenticateTransaction: authenticateTransactionTtl ?? defaults.authenticateTransaction,
      nonce: nonceTtl ?? defaults.nonce,
    },
  };
}
