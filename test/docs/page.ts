import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';

/**
 * The WebAuthn API of browsers, for pages of one origin: `navigator.credentials` over the software authenticator. Each
 * passkey is made on a new device, and the newest device signs in.
 */
export function installWebAuthn(origin: string): void {
  let device = new SoftwareAuthenticator();
  const credentials = {
    create: ({ publicKey }: { publicKey: object }) => {
      device = new SoftwareAuthenticator();
      const options = toJson(publicKey) as PublicKeyCredentialCreationOptionsJSON;
      return Promise.resolve(asCredential(device.create(options, { origin })));
    },
    get: ({ publicKey }: { publicKey: object }) => {
      const options = toJson(publicKey) as PublicKeyCredentialRequestOptionsJSON;
      return Promise.resolve(asCredential(device.get(options, { origin })));
    },
  };
  const globals = { PublicKeyCredential: class {}, navigator: { credentials, userAgent: 'Keyway tests' } };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
}

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
