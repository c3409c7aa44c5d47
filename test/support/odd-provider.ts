import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RemotePassageSettings } from '../../src/config/configuration.js';
import { FakeServer } from './fake-server.js';
import { remoteSettings } from './providers.js';

export interface OddRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What it answers; an object as JSON. `silence` keeps the client waiting, `reset` cuts the connection. */
export type OddAnswer =
  | 'silence'
  | 'reset'
  | { status?: number; headers?: Record<string, string>; body?: object | string | Buffer };

type Respond = (request: OddRequest) => OddAnswer | Promise<OddAnswer>;

/** A server on a port of this machine that answers as a test wants it to, and remembers what it was asked. */
export class OddProvider {
  readonly requests: OddRequest[] = [];
  /** Requests that are kept waiting, and still wait. */
  waiting = 0;
  private readonly server = new FakeServer((request, response) => void this.handle(request, response));

  constructor(private respond: Respond = () => ({ status: 500 })) {}

  get settings(): RemotePassageSettings {
    return remoteSettings(this.server.port);
  }

  /** Connections that were ever made to it. */
  get connections(): number {
    return this.server.connections;
  }

  /** From now on it answers in this way, and has been asked nothing. */
  answers(respond: Respond | OddAnswer): void {
    this.respond = typeof respond === 'function' ? respond : () => respond;
    this.requests.length = 0;
  }

  /** The same port after each stop. */
  async start(): Promise<this> {
    await this.server.start();
    return this;
  }

  /** Refuses connections, and cuts those there are. */
  stop(): Promise<void> {
    return this.server.close();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const asked = { method, url, headers, body: Buffer.concat(chunks).toString() };
    this.requests.push(asked);
    const answer = await this.respond(asked);
    if (answer === 'silence') {
      this.waiting += 1;
      return void request.socket.on('close', () => (this.waiting -= 1));
    }
    if (answer === 'reset') return void request.socket.resetAndDestroy();
    const { status = 200, body = '' } = answer;
    const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
    response.writeHead(status, { 'content-type': 'application/json', ...answer.headers });
    response.end(isJson ? JSON.stringify(body) : body);
  }
}

export const NOW = '2026-11-22T18:46:20.433Z';
export const ID = 'Vw2bCt0J8KSZDtsCz7y1uuyG';
/** As the hosted service told it: with none of our additions. */
export const DEVICE = {
  id: 'dev_1',
  cred_id: 'S8Qk_xwnw1FE9QKFOnj9vA==',
  friendly_name: 'Chrome on macOS',
  type: 'platform',
  created_at: NOW,
  updated_at: NOW,
  last_login_at: NOW,
  usage_count: 0,
  icons: { light: null, dark: null },
};
export const USER = {
  id: ID,
  external_id: 'ada',
  status: 'active',
  created_at: NOW,
  updated_at: NOW,
  last_login_at: NOW,
  login_count: 0,
  user_metadata: null,
  webauthn: true,
  webauthn_devices: [DEVICE],
  webauthn_types: ['platform'],
};
export const APP = {
  id: 'shop',
  name: 'The Shop',
  auth_origin: 'https://shop.example',
  additional_auth_origins: ['https://m.shop.example/', 'android:apk-key-hash:x', 7],
};
export const refusal = (status: number, code: string): OddAnswer => ({
  status,
  body: { code, error: 'No.' },
});

/** A Flex server that is no Keyway, with one user and one passkey. */
export const foreign = (changes: { user?: object; listed?: object[]; app?: object } = {}) => {
  const user = { ...USER, ...changes.user };
  return ({ method, url }: OddRequest): OddAnswer => {
    const path = url.replace('/v1/apps/shop', '').split('?')[0]!;
    if (method === 'GET' && path === '') return { body: { app: { ...APP, ...changes.app } } };
    if (method === 'GET' && path === '/users') return { body: { users: changes.listed ?? [user] } };
    if (method === 'GET' && path === `/users/${ID}`) return { body: { user } };
    if (method === 'GET' && path === '/events') return { body: { events: [], next: null } };
    if (method === 'DELETE') return { body: '' };
    if (path === '/authenticate/verify') return { body: { external_id: 'ada' } };
    if (path.startsWith('/transactions/')) return { status: 201, body: { transaction_id: 'tx' } };
    return refusal(404, 'invalid_request');
  };
};
