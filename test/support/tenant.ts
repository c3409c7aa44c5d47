import { DevicesService } from '../../src/flex/devices/devices.service.js';
import type { VerifiedNonce } from '../../src/flex/nonces/nonce.repository.js';
import { NoncesService } from '../../src/flex/nonces/nonces.service.js';
import { TransactionsService } from '../../src/flex/transactions/transactions.service.js';
import { Browser } from './browser.js';
import { TEST, type TestApp } from './build-app.js';
import type { SoftwareAuthenticatorTraits } from './ceremony-overrides.js';
import { SoftwareAuthenticator } from './software-authenticator.js';
import { changeApp, insertApp, sql } from './tables.js';

let tenants = 0;

/** An app beside the service's own, whose server asks for transactions itself. */
export class Tenant {
  readonly rpId: string;
  readonly origin: string;

  private constructor(
    readonly app: TestApp,
    readonly id: string,
  ) {
    this.rpId = `${id}.example`;
    this.origin = `https://${this.rpId}`;
  }

  /** A new app; `columns` of its row may differ from the defaults. */
  static async create(app: TestApp, columns: Record<string, unknown> = {}): Promise<Tenant> {
    tenants += 1;
    const tenant = new Tenant(app, `tenant-${tenants}`);
    await insertApp(app, tenant);
    for (const [column, value] of Object.entries(columns)) await tenant.change(column, value);
    return tenant;
  }

  /** The service's own app, whose users call the user's API. */
  static own(app: TestApp): Tenant {
    return new Tenant(app, TEST.appId);
  }

  /** The same app, as another process of the service has it. */
  on(app: TestApp): Tenant {
    return new Tenant(app, this.id);
  }

  /** Changes one column of the app's row. */
  change(column: string, value: unknown): Promise<void> {
    return changeApp(this.app, this.id, column, value);
  }

  async delete(): Promise<void> {
    await sql(this.app, 'delete from apps where id = $1', this.id);
  }

  browser(): Browser {
    return new Browser(this.app, { appId: this.id, origin: this.origin });
  }

  registerTransaction(externalId: string): Promise<string> {
    return this.transactions.createRegister(this.id, externalId, externalId);
  }

  authenticateTransaction(externalId: string): Promise<string> {
    return this.transactions.createAuthenticate(this.id, externalId);
  }

  verify(nonce: string): Promise<VerifiedNonce> {
    return this.app.application.get(NoncesService, { strict: false }).verify(this.id, nonce);
  }

  /** Registers a passkey of the app's user, by a new authenticator unless one is given. */
  async register(
    externalId: string,
    {
      traits = {},
      authenticator = new SoftwareAuthenticator(traits),
      credentialId,
    }: {
      traits?: Partial<SoftwareAuthenticatorTraits>;
      authenticator?: SoftwareAuthenticator;
      credentialId?: Buffer;
    } = {},
  ): Promise<{ authenticator: SoftwareAuthenticator; nonce: string }> {
    const browser = this.browser();
    const begun = await browser.beginRegistration(await this.registerTransaction(externalId));
    const overrides = credentialId ? { credentialId } : {};
    const finished = await browser.finish('register', begun.answer(authenticator, overrides));
    return { authenticator, nonce: finished.expect<{ nonce: string }>().nonce };
  }

  /** Revokes a passkey of the app's user, as the app's server does. */
  revoke(externalId: string, deviceId: string): Promise<void> {
    const devices = this.app.application.get(DevicesService, { strict: false });
    return devices.revoke(this.id, { externalId }, deviceId);
  }

  /** A discoverable sign-in, up to its nonce. */
  async signIn(authenticator: SoftwareAuthenticator): Promise<string> {
    const browser = this.browser();
    const begun = await browser.beginSignIn();
    const finished = await browser.finish('authenticate', begun.answer(authenticator));
    return finished.expect<{ nonce: string }>().nonce;
  }

  private get transactions(): TransactionsService {
    return this.app.application.get(TransactionsService, { strict: false });
  }
}
