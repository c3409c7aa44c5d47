import type { DemoServer } from './demo-server.js';

/** Somebody who is signed in to the demo, as its application's server knows them. */
export class DemoUser {
  private constructor(
    private readonly server: DemoServer,
    readonly name: string,
    readonly token: string,
  ) {}

  static async signIn(server: DemoServer, name: string): Promise<DemoUser> {
    const { token } = (await post(server, '/demo/sign-in', { name })) as { token: string };
    return new DemoUser(server, name, token);
  }

  /** A transaction for registering a passkey. */
  async registerTransaction(): Promise<string> {
    return this.transaction('/passkey/register');
  }

  /** A transaction for a step-up. */
  async authenticateTransaction(): Promise<string> {
    return this.transaction('/user/authenticate-with-passkey');
  }

  /** What the nonce proved; null if it is none of this user's. */
  async verify(nonce: string): Promise<string | null> {
    const { username, kind } = (await post(this.server, '/passkey/verify', { nonce }, this.token)) as {
      username?: string;
      kind?: string;
    };
    return username === this.name ? (kind ?? null) : null;
  }

  /** The credentials that the server takes, base64url. */
  async credentialIds(): Promise<string[]> {
    const headers = { authorization: `Bearer ${this.token}` };
    const list = await fetch(`${this.server.url}/user/devices`, { headers });
    const { passkeys } = (await list.json()) as { passkeys: { credId: string }[] };
    return passkeys.map(({ credId }) => credId);
  }

  /** Revokes the passkey with this credential. */
  async revoke(credentialId: string): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}` };
    const list = await fetch(`${this.server.url}/user/devices`, { headers });
    const { passkeys } = (await list.json()) as { passkeys: { id: string; credId: string }[] };
    const { id } = passkeys.find(({ credId }) => credId === credentialId)!;
    await fetch(`${this.server.url}/user/devices/${id}`, { method: 'DELETE', headers });
  }

  /** Revokes every passkey of the user. */
  async revokeAll(): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}` };
    const list = await fetch(`${this.server.url}/user/devices`, { headers });
    const { passkeys } = (await list.json()) as { passkeys: { id: string }[] };
    for (const { id } of passkeys) {
      await fetch(`${this.server.url}/user/devices/${id}`, { method: 'DELETE', headers });
    }
  }

  private async transaction(path: string): Promise<string> {
    const { transactionId } = (await post(this.server, path, undefined, this.token)) as {
      transactionId: string;
    };
    return transactionId;
  }
}

/** The name of the user whom a discoverable sign-in's nonce proves; null if it proves nobody's. */
export async function whoSignedIn(server: DemoServer, nonce: string): Promise<string | null> {
  const { username } = (await post(server, '/demo/sign-in/passkey', { nonce })) as { username?: string };
  return username ?? null;
}

async function post(server: DemoServer, path: string, body?: object, token?: string): Promise<unknown> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return response.json();
}
