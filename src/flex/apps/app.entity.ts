import { defineEntity, p } from '@mikro-orm/core';

/** WebAuthn Level 3 §5.8.6. */
export type UserVerification = 'required' | 'preferred' | 'discouraged';
/** WebAuthn Level 3 §5.4.6. */
type ResidentKey = 'required' | 'preferred' | 'discouraged';
/** How the protocol's devices name their icons: by URL, or as a picture in a `data:` URI. */
export type IconForm = 'url' | 'data';
/** Attestation conveyance, WebAuthn Level 3 §5.4.7. */
export type Attestation = 'none' | 'indirect' | 'direct' | 'enterprise';
/** Whether new passkeys need an attestation that FIDO metadata vouches for. */
type AttestationTrustPolicy = 'optional' | 'required';
/** What becomes of a sign-in with another backup-eligible flag than before (§7.2 step 19). */
export type BackupEligibilityChange = 'record' | 'refuse';
/** What becomes of a ceremony in a cross-origin frame where the client does not say in which page. */
type UnknownFrames = 'refuse' | 'allow';

/** Which unknown credentials a refused sign-in tells of. */
export type UnknownCredential = 'revoked' | 'any' | 'never';

/** What proves again who a user is before they add or revoke a passkey, or erase their account. */
export type StepUpPolicy = 'off' | 'fresh-token' | 'passkey' | 'either';
/** What becomes of the revocation of the last passkey that can sign in. */
export type LastPasskey = 'allow' | 'warn' | 'deny';

export const AppSchema = defineEntity({
  name: 'App',
  tableName: 'apps',
  properties: {
    id: p.text().primary().check(`id ~ '^[A-Za-z0-9_-]{1,64}$'`),
    name: p.text(),
    /** The WebAuthn RP ID; only one app may claim it. */
    rpId: p.text().unique(),
    /** Exact web origins on the RP ID, or below, that ceremonies and CORS accept. */
    origins: p.array(),
    /** Exact web origins on other domains that ceremonies and CORS accept as well. */
    relatedOrigins: p.array().default([]),
    /** `android:apk-key-hash:…` of the apps that ceremonies accept. */
    androidOrigins: p.array().default([]),
    /** Origins that may embed a ceremony in an iframe (`topOrigin`). */
    topOrigins: p.array().default([]),
    unknownFrames: p
      .text()
      .$type<UnknownFrames>()
      .default('refuse')
      .check(`unknown_frames in ('refuse', 'allow')`),
    userVerification: p
      .text()
      .$type<UserVerification>()
      .default('required')
      .check(`user_verification in ('required', 'preferred', 'discouraged')`),
    residentKey: p
      .text()
      .$type<ResidentKey>()
      .default('required')
      .check(`resident_key in ('required', 'preferred', 'discouraged')`),
    attestation: p
      .text()
      .$type<Attestation>()
      .default('none')
      .check(`attestation in ('none', 'indirect', 'direct', 'enterprise')`),
    attestationTrust: p
      .text()
      .$type<AttestationTrustPolicy>()
      .default('optional')
      .check(`attestation_trust in ('optional', 'required')`),
    /** The only authenticator models accepted, lower-case UUIDs; null: any. */
    aaguidAllow: p.array().nullable().check('aaguid_allow::text = lower(aaguid_allow::text)'),
    /** Authenticator models refused, lower-case UUIDs. */
    aaguidDeny: p.array().default([]).check('aaguid_deny::text = lower(aaguid_deny::text)'),
    backupEligibilityChange: p
      .text()
      .$type<BackupEligibilityChange>()
      .default('record')
      .check(`backup_eligibility_change in ('record', 'refuse')`),
    /** COSE algorithm identifiers, in order of preference. */
    algorithms: p.array().$type<number[]>().columnType('integer[]').default([-7, -8, -257]),
    icons: p.text().$type<IconForm>().default('url').check(`icons in ('url', 'data')`),
    /** Whether passkeys may be created without asking the user (automatic upgrade; WebAuthn Level 3 §5.1.3). */
    conditionalCreate: p
      .text()
      .$type<'off' | 'on'>()
      .default('off')
      .check(`conditional_create in ('off', 'on')`),
    maxPasskeysPerUser: p.integer().default(50).check('max_passkeys_per_user > 0'),
    stepUp: p
      .text()
      .$type<StepUpPolicy>()
      .default('off')
      .check(`step_up in ('off', 'fresh-token', 'passkey', 'either')`),
    /** How recent the sign-in of a token has to be, in seconds, to count for step-up. */
    stepUpMaxAge: p.integer().default(300).check('step_up_max_age > 0'),
    /** Where one of these has members, a token counts only with `acr` or `amr` among them. */
    stepUpAcr: p.array().default([]),
    stepUpAmr: p.array().default([]),
    /** Whether users may revoke the last passkey that can sign in; `warn`: pages warn of it. */
    lastPasskey: p
      .text()
      .$type<LastPasskey>()
      .default('warn')
      .check(`last_passkey in ('allow', 'warn', 'deny')`),
    /** When a refused discoverable sign-in tells that its credential is unknown; `revoked`: if it has a tombstone. */
    unknownCredential: p
      .text()
      .$type<UnknownCredential>()
      .default('revoked')
      .check(`unknown_credential in ('revoked', 'any', 'never')`),
    /** Where users add a passkey, and where they manage theirs, for `/.well-known/passkey-endpoints`. */
    passkeyEndpointsEnroll: p.text().nullable(),
    passkeyEndpointsManage: p.text().nullable(),
    /** Apple's apps that share the RP's passkeys, each a team and a bundle: `ABCDE12345.com.example.app`. */
    appleAppIds: p.array().default([]),
    /** Packages of Android apps that share the RP's passkeys; those of the Android origins sign them. */
    androidPackages: p.array().default([]),
    /** The hosts to which servers may point webhooks that they make. */
    webhookHosts: p.array().default([]),
    /** How long browsers wait for a ceremony, in seconds; null: as long as its handshake is valid. */
    ceremonyTimeout: p.integer().nullable().check('ceremony_timeout > 0'),
    /** Lifetimes in seconds; null: the setting of the service. */
    handshakeTtl: p.integer().nullable().check('handshake_ttl > 0'),
    registerTransactionTtl: p.integer().nullable().check('register_transaction_ttl > 0'),
    authenticateTransactionTtl: p.integer().nullable().check('authenticate_transaction_ttl > 0'),
    nonceTtl: p.integer().nullable().check('nonce_ttl > 0'),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** A relying party and its WebAuthn policy. */
export class App extends AppSchema.class {}
AppSchema.setClass(App);
