import type { KeyObject } from 'node:crypto';

/** JWS algorithms a user's token may be signed with; EdDSA is Ed25519's alone. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'HS256',
  'HS384',
  'HS512',
] as const;
/** One of {@link TOKEN_ALGORITHMS}. */
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** Where the service listens, and how browsers reach it. */
export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  /** Where browsers reach the service: an origin with an optional path, no trailing slash. */
  readonly publicUrl: string;
  /** The proxies of which the `X-Forwarded-*` headers count: none, this many hops, or these networks. */
  readonly trustProxy: false | number | readonly string[];
}

/** How many requests are served within a window, of one network, user or key. */
export interface LimitSettings {
  /** Seconds. */
  readonly window: number;
  /** Without credentials. */
  readonly public: number;
  /** Finishes with a handshake of this service. */
  readonly finish: number;
  /** Refused because the route, the token or the key is unknown. */
  readonly unknown: number;
  readonly user: number;
  readonly key: number;
  /** The Redis in which replicas share their counts, `redis://` or `rediss://`; null if each counts for itself. */
  readonly redisUrl: string | null;
}

/** PostgreSQL, by its address. */
export interface PostgresSettings {
  readonly kind: 'postgresql';
  /** One that `readDatabaseAddress` reads. */
  readonly url: string;
  /** The file that the address is from, if it is from one: it is read again when a login is refused. */
  readonly urlFile?: string;
  readonly poolMax: number;
}

/** Which database: PostgreSQL by its address, or the embedded one in a directory. */
export type DatabaseSettings = PostgresSettings | { readonly kind: 'embedded'; readonly directory: string };

/** A public key or a shared secret, with the algorithms that it can serve: HS* for a secret, and for nothing else. */
export interface TokenKey {
  readonly key: KeyObject;
  readonly algorithms: readonly TokenAlgorithm[];
}

/** Where the keys of an issuer are. */
export type TokenKeys =
  /** Over http only on this machine, or, if it is insecure, on a host with private addresses only. */
  | { readonly kind: 'jwks'; readonly uri: string; readonly isInsecure: boolean }
  /** In the JWK Set that the issuer's OpenID discovery document names. */
  | { readonly kind: 'discovery' }
  | { readonly kind: 'given'; readonly keys: readonly TokenKey[] };

/** Who issues tokens. A token verifies with its own issuer's keys alone. */
export interface TokenIssuer {
  /** The `iss` claim, exactly. */
  readonly name: string;
  /** What its tokens have to name as their audience. */
  readonly audience: string;
  /** The same object for all issuers that share one source. */
  readonly keys: TokenKeys;
}

/** How the caller's token is verified. */
export interface VerificationSettings {
  /** Never empty; each name once. */
  readonly issuers: readonly TokenIssuer[];
  /** Those accepted; never empty. */
  readonly algorithms: readonly TokenAlgorithm[];
  /** The claim that stands for `aud` in tokens that have none; null if those are refused. */
  readonly audienceClaim: string | null;
}

/** How the caller's token is verified, and what of it is shown. */
export interface TokenSettings extends VerificationSettings {
  /** The claims that may name the user to people, the first one that can be displayed first. */
  readonly usernameClaims: readonly string[];
}

/** The claim that names the external ID of an issuer's users. */
export interface ExternalIdClaim {
  readonly name: string;
  readonly issuer: string;
}

/** What a key may do beyond the original protocol and its reads, each granted by name. */
export const API_KEY_SCOPES = ['identity', 'events', 'erase', 'webhooks'] as const;
/** One of {@link API_KEY_SCOPES}. */
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

/** The app that is made or brought up to date at each start; an absent member leaves its column alone. */
export interface AppSettings {
  readonly id: string;
  readonly name?: string;
  readonly origins?: readonly string[];
  readonly rpId?: string;
  /** What a new app accepts as step-up; an app that exists keeps its own. */
  readonly stepUp?: 'either';
  /** Whether a new app allows automatic upgrades; an app that exists keeps its own. */
  readonly conditionalCreate?: 'on';
  /** `kw_<12 characters id>_<43 characters secret>`. */
  readonly apiKey?: string;
  /** What that key may do beyond the protocol; absent: what it may already, or its predecessor. */
  readonly apiKeyScopes?: readonly ApiKeyScope[];
}

/** Seconds, wherever a lifetime is told: in the environment, or for one app. */
export const LIFETIMES = {
  handshake: { from: 30, to: 900, fallback: 300 },
  registerTransaction: { from: 60, to: 86_400, fallback: 300 },
  authenticateTransaction: { from: 60, to: 86_400, fallback: 900 },
  nonce: { from: 30, to: 3_600, fallback: 300 },
} as const;

/** Seconds; used where the app's own row says nothing. */
export type Lifetimes = Readonly<Record<keyof typeof LIFETIMES, number>>;

/** The passkeys are kept here, in one app for the user's API. */
export interface EmbeddedPassageSettings {
  readonly mode: 'embedded';
  readonly app: AppSettings;
  /** Key material of 32 bytes or more each; the first one signs, all of them verify. */
  readonly secrets: readonly Buffer[];
  readonly lifetimes: Lifetimes;
  /** For how many days refused ceremonies stay in the audit trail. */
  readonly eventRetentionDays: number;
  /** Private addresses and CIDR blocks that webhooks may reach. */
  readonly webhookNetworks: readonly string[];
}

/** Where another server keeps the passkeys, and as which of its apps we call. */
export interface RemotePassageSettings {
  readonly mode: 'remote';
  /** Base URL of the Flex routes, up to and including `/v1`: for us and for browsers. */
  readonly baseUrl: string;
  readonly appId: string;
  readonly apiKey: string;
}

/** Where the passkeys are kept. */
export type PassageSettings = EmbeddedPassageSettings | RemotePassageSettings;

/** Everything the service reads from its environment: parsed once, validated, frozen. Also its injection token. */
export abstract class Configuration {
  abstract readonly environment: 'development' | 'test' | 'production';
  /**
   * Present only in the demo: the key that signs tokens for made-up users (HS256, the same as that of the one issuer in
   * `tokens`).
   */
  abstract readonly demo: { readonly signingKey: KeyObject } | null;
  abstract readonly http: HttpSettings;
  abstract readonly limits: LimitSettings;
  abstract readonly database: DatabaseSettings;
  abstract readonly tokens: TokenSettings;
  /** Null where no token tells an external ID. */
  abstract readonly externalIdClaim: ExternalIdClaim | null;
  abstract readonly passage: PassageSettings;
  /** Path of an AAGUID metadata file (community passkey-authenticator-aaguids JSON format), or null. */
  abstract readonly authenticatorMetadataFile: string | null;
  /** Path of a FIDO metadata BLOB (MDS3, a JWT), by which attestations are trusted, or null. */
  abstract readonly fidoMetadataFile: string | null;
}

/** The issuers of the tokens that are accepted, exactly as the `iss` claim has them. */
export const issuersOf = ({ tokens }: Pick<Configuration, 'tokens'>): readonly string[] =>
  tokens.issuers.map(({ name }) => name);

/**
 * The issuer of that name, or the only one where none is named; undefined if there is none such. Any name will do where no
 * issuers are known.
 */
export function issuerAmong(issuers: readonly string[], named: string | undefined): string | undefined {
  if (named === undefined) return issuers.length === 1 ? issuers[0] : undefined;
  return issuers.length === 0 || issuers.includes(named) ? named : undefined;
}

/** The settings of the embedded provider, for what is loaded with it alone; throws in any other mode. */
export function embeddedPassageOf({ passage }: Pick<Configuration, 'passage'>): EmbeddedPassageSettings {
  if (passage.mode !== 'embedded') throw new Error('The Flex backend is not loaded in remote mode.');
  return passage;
}

/** The settings of the remote provider, for what is loaded with it alone; throws in any other mode. */
export function remotePassageOf({ passage }: Pick<Configuration, 'passage'>): RemotePassageSettings {
  if (passage.mode !== 'remote') throw new Error('The remote provider is not loaded in embedded mode.');
  return passage;
}
