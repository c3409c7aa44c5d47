import { defineEntity, p } from '@mikro-orm/core';

const AppSchema = defineEntity({
  name: 'App',
  tableName: 'apps',
  properties: {
    id: p.text().primary(),
    name: p.text(),
    /** The WebAuthn RP ID; one app only may claim it. */
    rpId: p.text().unique(),
    /** Exact web origins that ceremonies and CORS accept. */
    origins: p.array(),
    /** Origins that may embed a ceremony in an iframe (`topOrigin`). */
    topOrigins: p.array(),
    userVerification: p.text(),
    residentKey: p.text(),
    attestation: p.text(),
    /** COSE algorithm identifiers, most wanted first. */
    algorithms: p.array((it) => Number(it)),
    maxPasskeysPerUser: p.integer(),
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
