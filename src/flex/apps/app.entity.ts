import { defineEntity, p } from '@mikro-orm/core';

const AppSchema = defineEntity({
  name: 'App',
  tableName: 'apps',
  properties: {
    id: p.text().primary(),
    name: p.text(),
    /** The WebAuthn RP ID; one app only may claim it. */
    rpId: p.text().unique(),
    /** Exact web origins on the RP ID, or below, that ceremonies and CORS accept. */
    origins: p.array(),
    /** Exact web origins on other domains that ceremonies and CORS accept as well. */
    relatedOrigins: p.array(),
    /** `android:apk-key-hash:…` of the apps that ceremonies accept. */
    androidOrigins: p.array(),
    /** Origins that may embed a ceremony in an iframe (`topOrigin`). */
    topOrigins: p.array(),
    userVerification: p.text(),
    residentKey: p.text(),
    attestation: p.text(),
    /** The only models of authenticator taken, lower-case UUIDs; null: any. */
    aaguidAllow: p.array().nullable(),
    /** Models that are not taken, lower-case UUIDs. */
    aaguidDeny: p.array(),
    /** COSE algorithm identifiers, most wanted first. */
    algorithms: p.array((it) => Number(it)),
    maxPasskeysPerUser: p.integer(),
    /** What browsers are asked to wait for a ceremony, in seconds; null: as long as its handshake lives. */
    ceremonyTimeout: p.integer().nullable(),
    /** Lifetimes in seconds; null: the setting of the service. */
    handshakeTtl: p.integer().nullable(),
    registerTransactionTtl: p.integer().nullable(),
    authenticateTransactionTtl: p.integer().nullable(),
    nonceTtl: p.integer().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** A relying party and its WebAuthn policy. */
export class App extends AppSchema.class {}
AppSchema.setClass(App);
