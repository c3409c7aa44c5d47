import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { SILENTLY, SoftwareAuthenticator } from './software-authenticator.js';

interface CreationRequest {
  readonly publicKey: object;
  readonly mediation?: string;
  readonly signal?: AbortSignal;
}

/** What the password manager of a page does when it is asked to create a passkey without asking its user. */
export interface PasswordManager {
  /** `create`, keep the page `waiting`, or fail with a `DOMException` of this name. */
  silently: 'create' | 'waiting' | `${string}Error`;
  /** How the browser answers what it is capable of; undefined for one that cannot be asked. */
  capabilities: (() => Promise<Record<string, boolean>>) | undefined;
  /** The mediation of each request for a new passkey, oldest first; `prompt` for one without. */
  readonly requested: string[];
}

/**
 * The WebAuthn API of browsers, for pages of one origin: `navigator.credentials` over the software authenticator. Each
 * passkey is made on a new device, and the newest device signs in.
 */
export function installWebAuthn(origin: string): PasswordManager {
  const manager: PasswordManager = {
    silently: 'create',
    capabilities: () => Promise.resolve({ conditionalCreate: true }),
    requested: [],
  };
  let device = new SoftwareAuthenticator();
  const create = (publicKey: object, overrides: object = {}) => {
    device = new SoftwareAuthenticator();
    const options = toJson(publicKey) as PublicKeyCredentialCreationOptionsJSON;
    return asCredential(device.create(options, { origin, ...overrides }));
  };
  const credentials = {
    create: async ({ publicKey, mediation = 'prompt', signal }: CreationRequest) => {
      manager.requested.push(mediation);
      if (mediation !== 'conditional') return create(publicKey);
      if (manager.silently === 'waiting') await aborted(signal!);
      if (manager.silently !== 'create') throw new DOMException('declined', manager.silently);
      return create(publicKey, SILENTLY);
    },
    get: ({ publicKey }: { publicKey: object }) => {
      const options = toJson(publicKey) as PublicKeyCredentialRequestOptionsJSON;
      return Promise.resolve(asCredential(device.get(options, { origin })));
    },
  };
  class PublicKeyCredential {
    static get getClientCapabilities() {
      return manager.capabilities;
    }
  }
  const navigator = { credentials, userAgent: 'Keyway tests' };
  const globals = { PublicKeyCredential, navigator, location: new URL(origin) };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  return manager;
}

/** Throws once the page gives up. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
  });

/** Options as a page gives them to the browser, with buffers, in the JSON that the authenticator reads. */
const toJson = (value: unknown): unknown => {
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString('base64url');
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]));
};

/** A response in JSON as the browser gives it to a page: a PublicKeyCredential with buffers. */
function asCredential({
  response,
  ...rest
}: {
  rawId: string;
  response: object;
  clientExtensionResults: object;
}) {
  const { transports, ...binary } = response as Record<string, unknown>;
  return {
    ...rest,
    rawId: toBuffer(rest.rawId),
    getClientExtensionResults: () => rest.clientExtensionResults,
    response: {
      ...Object.fromEntries(Object.entries(binary).map(([name, text]) => [name, toBuffer(text as string)])),
      getTransports: () => transports,
    },
  };
}

const toBuffer = (text: string): ArrayBuffer => new Uint8Array(Buffer.from(text, 'base64url')).buffer;
