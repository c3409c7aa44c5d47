import { createHash } from 'node:crypto';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import {
  CeremonyOverrides,
  CreateOverrides,
  FlagOverrides,
  GetOverrides,
  SoftwareAuthenticatorTraits,
} from './ceremony-overrides.js';
import {
  encodeCbor,
  generateCredentialKey,
  randomCredentialId,
  signWith,
  SoftwareAlgorithm,
  SoftwareCredential,
} from './software-credential.js';

/** What a password manager says that creates a passkey without asking its user. */
export const SILENTLY = { flags: { up: false, uv: false } } as const;

const DEFAULTS: SoftwareAuthenticatorTraits = {
  aaguid: '00000000-0000-0000-0000-000000000000',
  algorithms: [-7, -35, -36, -8, -257],
  counter: 'zero',
  backupEligible: true,
  backedUp: true,
  userVerified: true,
  transports: ['internal', 'hybrid'],
  attachment: 'platform',
  userHandle: 'bytes',
};

/**
 * Browser and authenticator in one: performs real ceremonies from the JSON options a server gives in `publicKey`, with
 * real keys and signatures, and can get any single thing wrong on request.
 */
export class SoftwareAuthenticator {
  /** The credentials made so far, oldest first. */
  readonly credentials: SoftwareCredential[] = [];
  private readonly traits: SoftwareAuthenticatorTraits;

  constructor(traits: Partial<SoftwareAuthenticatorTraits> = {}) {
    this.traits = { ...DEFAULTS, ...traits };
  }

  /**
   * Makes a credential, as `navigator.credentials.create()` and `toJSON()` do. Throws `InvalidStateError` when it
   * holds an excluded one, `NotSupportedError` when it can use none of the algorithms.
   */
  create(
    options: PublicKeyCredentialCreationOptionsJSON,
    overrides: CreateOverrides,
  ): RegistrationResponseJSON {
    const credential = this.newCredential(options, overrides);
    const clientDataJSON = encodeClientData('webauthn.create', options.challenge, overrides);
    const authenticatorData = this.authenticatorData(
      credential,
      overrides,
      attestedCredentialData(this.traits.aaguid, credential, overrides.mutateKey),
    );
    const statement = attestationStatement(credential, authenticatorData, clientDataJSON, overrides);
    const attested = { authenticatorData, clientDataHash: sha256(clientDataJSON) };
    const mutated = overrides.mutateStatement?.(statement, credential, attested);
    const encoded = encodeCbor(
      new Map<string, unknown>([
        ['fmt', overrides.format ?? 'none'],
        ['attStmt', overrides.mutateStatement ? mutated : statement],
        ['authData', new Uint8Array(authenticatorData)],
      ]),
    );
    const attestationObject = overrides.mutateAttestationObject?.(encoded) ?? encoded;
    this.credentials.push(credential);
    return {
      id: base64url(credential.id),
      rawId: base64url(credential.id),
      type: 'public-key',
      authenticatorAttachment: this.traits.attachment,
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        clientDataJSON: base64url(clientDataJSON),
        attestationObject: base64url(attestationObject),
        ...(this.traits.transports === null ? {} : { transports: this.traits.transports }),
      },
      ...overrides.response,
    };
  }

  /**
   * Signs in, as `navigator.credentials.get()` and `toJSON()` do. Throws `NotAllowedError` when it holds no credential
   * for the RP ID, or none of those allowed.
   */
  get(options: PublicKeyCredentialRequestOptionsJSON, overrides: GetOverrides): AuthenticationResponseJSON {
    const credential = overrides.credential ?? this.pick(options);
    const clientDataJSON = encodeClientData('webauthn.get', options.challenge, overrides);
    if (this.traits.counter === 'increasing') credential.counter += 1;
    const authenticatorData = this.authenticatorData(credential, overrides, overrides.attestedCredentialData);
    const signature = assertionSignature(credential, authenticatorData, clientDataJSON, overrides);
    const userHandle = userHandleOf(credential, overrides.userHandle ?? this.traits.userHandle);
    return {
      id: base64url(credential.id),
      rawId: base64url(credential.id),
      type: 'public-key',
      authenticatorAttachment: this.traits.attachment,
      clientExtensionResults: {},
      response: {
        clientDataJSON: base64url(clientDataJSON),
        authenticatorData: base64url(authenticatorData),
        signature: base64url(signature),
        ...(userHandle === null ? {} : { userHandle: base64url(userHandle) }),
      },
      ...overrides.response,
    };
  }

  private newCredential(
    options: PublicKeyCredentialCreationOptionsJSON,
    overrides: CreateOverrides,
  ): SoftwareCredential {
    const rpId = options.rp.id ?? new URL(overrides.origin).hostname;
    const excluded = new Set(options.excludeCredentials?.map(({ id }) => id));
    if (
      this.credentials.some(
        (credential) => credential.rpId === rpId && excluded.has(base64url(credential.id)),
      )
    ) {
      throw new DOMException(
        'The authenticator already holds one of these credentials.',
        'InvalidStateError',
      );
    }
    const offered = options.pubKeyCredParams.map(({ alg }) => alg);
    const usable = this.traits.algorithms as readonly number[];
    const algorithm = overrides.algorithm ?? offered.find((alg) => usable.includes(alg));
    if (algorithm === undefined) throw new DOMException('No algorithm in common.', 'NotSupportedError');
    return {
      id: overrides.credentialId ?? randomCredentialId(),
      algorithm: algorithm as SoftwareAlgorithm,
      rpId,
      userId: options.user.id,
      ...generateCredentialKey(algorithm as SoftwareAlgorithm),
      backupEligible: this.traits.backupEligible,
      backedUp: this.traits.backedUp,
      counter: this.traits.counter === 'increasing' ? 1 : 0,
    };
  }

  private pick(options: PublicKeyCredentialRequestOptionsJSON): SoftwareCredential {
    const allowed = options.allowCredentials?.map(({ id }) => id) ?? [];
    const found = this.credentials.findLast(
      ({ id, rpId }) => rpId === options.rpId && (allowed.length === 0 || allowed.includes(base64url(id))),
    );
    if (!found) throw new DOMException('No credential that is allowed here.', 'NotAllowedError');
    return found;
  }

  private authenticatorData(
    credential: SoftwareCredential,
    overrides: CeremonyOverrides,
    attested: Uint8Array | undefined,
  ): Uint8Array {
    const header = Buffer.alloc(5);
    header.writeUInt8(
      flagBits({
        up: true,
        uv: this.traits.userVerified,
        be: credential.backupEligible,
        bs: credential.backedUp,
        at: attested !== undefined,
        ed: overrides.extensions !== undefined,
        ...overrides.flags,
      }),
    );
    header.writeUInt32BE(overrides.counter ?? credential.counter, 1);
    const bytes = Buffer.concat([
      sha256(Buffer.from(overrides.rpId ?? credential.rpId)),
      header,
      attested ?? Buffer.alloc(0),
      overrides.extensions ? encodeCbor(overrides.extensions) : Buffer.alloc(0),
    ]);
    return overrides.mutateAuthenticatorData?.(bytes) ?? bytes;
  }
}

/**
 * The response as the Passage browser SDK sends it in `handshake_response`: without extension results and attachment,
 * transports beside `response`, and a missing user handle as `""`.
 */
export function toHandshakeResponse(
  response: RegistrationResponseJSON | AuthenticationResponseJSON,
): Record<string, unknown> {
  const { id, rawId, type } = response;
  if ('attestationObject' in response.response) {
    const { attestationObject, clientDataJSON, transports } = response.response;
    return { id, rawId, type, response: { attestationObject, clientDataJSON }, transports: transports ?? [] };
  }
  const { authenticatorData, clientDataJSON, signature, userHandle } = response.response;
  return {
    id,
    rawId,
    type,
    response: { authenticatorData, clientDataJSON, signature, userHandle: userHandle ?? '' },
  };
}

function encodeClientData(type: string, challenge: string, overrides: CeremonyOverrides): Uint8Array {
  const { origin, crossOrigin = false, topOrigin, clientData } = overrides;
  const text = JSON.stringify({ type, challenge, origin, crossOrigin, topOrigin, ...clientData });
  return overrides.clientDataJSON ?? Buffer.from(text);
}

function attestedCredentialData(
  aaguid: string,
  credential: SoftwareCredential,
  mutateKey: CreateOverrides['mutateKey'],
): Buffer {
  const key = mutateKey?.(new Map(credential.publicKey)) ?? credential.publicKey;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(credential.id.length);
  return Buffer.concat([
    Buffer.from(aaguid.replaceAll('-', ''), 'hex'),
    length,
    credential.id,
    key instanceof Map ? encodeCbor(key) : key,
  ]);
}

function attestationStatement(
  credential: SoftwareCredential,
  authenticatorData: Uint8Array,
  clientDataJSON: Uint8Array,
  overrides: CreateOverrides,
): Map<string, unknown> {
  if ((overrides.format ?? 'none') === 'none') return new Map();
  return new Map<string, unknown>([
    ['alg', credential.algorithm],
    ['sig', new Uint8Array(assertionSignature(credential, authenticatorData, clientDataJSON, overrides))],
  ]);
}

function assertionSignature(
  credential: SoftwareCredential,
  authenticatorData: Uint8Array,
  clientDataJSON: Uint8Array,
  overrides: CeremonyOverrides,
): Uint8Array {
  const signature = signWith(credential, Buffer.concat([authenticatorData, sha256(clientDataJSON)]));
  return overrides.mutateSignature?.(signature) ?? signature;
}

function userHandleOf(
  { userId }: SoftwareCredential,
  form: SoftwareAuthenticatorTraits['userHandle'],
): Buffer | null {
  if (form === 'none') return null;
  return Buffer.from(userId, form === 'text' ? 'utf8' : 'base64url');
}

function flagBits(flags: Required<FlagOverrides>): number {
  const bits = { up: 0x01, uv: 0x04, be: 0x08, bs: 0x10, at: 0x40, ed: 0x80 };
  return (Object.keys(bits) as (keyof typeof bits)[]).reduce(
    (sum, flag) => (flags[flag] ? sum | bits[flag] : sum),
    0,
  );
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
