import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { SignJWT } from 'jose';
import { type Answer, ask } from '../e2e/ask.js';
import { type Environment, type KeywayProcess, runCommand, startKeyway } from '../e2e/keyway-process.js';
import { productionSettings } from '../e2e/production.js';
import { newAddress } from '../support/http-answer.js';
import { SoftwareAuthenticator, toHandshakeResponse } from '../support/software-authenticator.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const APP = '/v1/apps/shop';
const ORIGIN = 'https://shop.example';

interface Started<Options> {
  readonly handshake: { readonly id: string; readonly challenge: { readonly publicKey: Options } };
}

/** Two processes of the shop's Keyway on a database of their own, which may reach receivers on this machine. */
export class WebhookShop {
  readonly processes: KeywayProcess[] = [];

  private constructor(
    readonly database: TestDatabase,
    private readonly settings: Environment,
  ) {}

  static async open(): Promise<WebhookShop> {
    const database = await createTestDatabase();
    const settings = {
      ...productionSettings(database.url),
      NODE_ENV: 'test',
      // Each person has an address of their own.
      TRUST_PROXY: '1',
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    };
    const shop = new WebhookShop(database, settings);
    await shop.command('migrate');
    shop.processes.push(await startKeyway(settings), await startKeyway(settings));
    return shop;
  }

  /** Runs a command of Keyway's with the settings of the processes; gives what it printed. */
  async command(...args: string[]): Promise<string> {
    const { code, stdout, output } = await runCommand(args, this.settings);
    if (code !== 0) throw new Error(`keyway ${args.join(' ')}:\n${output}`);
    return stdout.trim();
  }

  /** Ends a process without warning, and starts another in its place. */
  async kill(index: number): Promise<void> {
    const killed = this.processes[index]!;
    killed.signal('SIGKILL');
    await killed.ending;
    this.processes[index] = await startKeyway(this.settings);
  }

  async close(): Promise<void> {
    for (const each of this.processes) {
      each.signal('SIGKILL');
      await each.ending;
    }
    await this.database.drop();
  }

  /** Somebody registers, signs in, renames and revokes, until a process that they ask is killed. */
  async person(): Promise<void> {
    const visit = new Visit(this, Math.random() < 0.5 ? 0 : 1);
    await visit.live().catch((error: Error) => {
      // Whoever loses a connection comes back as somebody else.
      if (!(error instanceof Interrupted)) throw error;
    });
  }

  token(subject: string): Promise<string> {
    return new SignJWT({ name: 'Ada' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(this.settings.JWT_ISSUER!)
      .setAudience(this.settings.JWT_AUDIENCE!)
      .setSubject(subject)
      .setExpirationTime('5 minutes')
      .sign(Buffer.from(this.settings.JWT_SECRET!));
  }
}

class Interrupted extends Error {}

class Visit {
  private readonly subject = randomUUID();
  private readonly address = newAddress();
  private readonly authenticator = new SoftwareAuthenticator();

  constructor(
    private readonly shop: WebhookShop,
    private at: number,
  ) {}

  async live(): Promise<void> {
    await this.register();
    await this.signIn();
    const [device] = await this.devices();
    await this.user('PATCH', `/user/devices/${device!.id}`, { friendlyName: 'Another name' });
    await this.signIn();
    await this.user('DELETE', `/user/devices/${device!.id}`);
  }

  private async register(): Promise<void> {
    const { transactionId } = await this.user<{ transactionId: string }>('POST', '/passkey/register');
    const body = { transaction_id: transactionId };
    const { handshake } = await this.ceremony<Started<PublicKeyCredentialCreationOptionsJSON>>(
      'register',
      'start',
      body,
    );
    const response = this.authenticator.create(handshake.challenge.publicKey, { origin: ORIGIN });
    await this.ceremony('register', 'finish', {
      ...body,
      handshake_id: handshake.id,
      handshake_response: toHandshakeResponse(response),
    });
  }

  private async signIn(): Promise<void> {
    const { handshake } = await this.ceremony<Started<PublicKeyCredentialRequestOptionsJSON>>(
      'authenticate',
      'start',
      {},
    );
    const response = this.authenticator.get(handshake.challenge.publicKey, { origin: ORIGIN });
    await this.ceremony('authenticate', 'finish', {
      handshake_id: handshake.id,
      handshake_response: toHandshakeResponse(response),
    });
  }

  private async devices(): Promise<{ readonly id: string }[]> {
    return (await this.user<{ passkeys: { id: string }[] }>('GET', '/user/devices')).passkeys;
  }

  private ceremony<T>(kind: string, step: string, body: object): Promise<T> {
    return this.send('POST', `${APP}/${kind}/transactions/webauthn/${step}`, {}, body);
  }

  private async user<T>(method: string, path: string, body?: object): Promise<T> {
    return this.send(method, path, { authorization: `Bearer ${await this.shop.token(this.subject)}` }, body);
  }

  /** By turns to either process. */
  private async send<T>(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: object,
  ): Promise<T> {
    this.at = 1 - this.at;
    const { url } = this.shop.processes[this.at]!;
    const answer = await ask(url + path, {
      method,
      headers: {
        ...headers,
        'x-forwarded-for': this.address,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(async (): Promise<Answer> => {
      await pause(100);
      throw new Interrupted();
    });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return (answer.body.startsWith('{') ? JSON.parse(answer.body) : null) as T;
  }
}
