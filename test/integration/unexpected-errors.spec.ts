import type { Type } from '@nestjs/common';
import { JwtStrategy } from '../../src/auth/jwt.strategy.js';
import { Authenticators } from '../../src/authenticators/authenticators.js';
import { FidoMetadata } from '../../src/authenticators/fido-metadata.js';
import { HandshakesService } from '../../src/flex/ceremonies/handshakes.service.js';
import { packed } from '../support/attestation-statements.js';
import type { BegunRegistration, Browser, FinishBody } from '../support/browser.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import type { HttpAnswer } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contents, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { TestUser } from '../support/test-user.js';
import { TestAuthority } from '../support/x509.js';

type Step = (browser: Browser) => Promise<HttpAnswer>;
type Ceremony = 'register' | 'authenticate';

const MODEL = 'aaaaaaaa-0000-4000-8000-000000000001';
/** Asks FIDO metadata about the model. */
const attested = packed(new TestAuthority('Vendor'));

describe('an unexpected error in a ceremony', () => {
  let app: TestApp;
  let tenant: Tenant;
  beforeAll(async () => {
    app = await buildApp();
  });
  beforeEach(async () => {
    // A new one each time, as apps are kept for some seconds.
    tenant = await Tenant.create(app);
  });
  afterAll(() => app?.close());

  /** Runs `work` while a method of one of the application's providers throws what only a bug would. */
  async function withBug<T>(
    provider: Type<T>,
    method: keyof T,
    bug: () => unknown,
    work: () => Promise<void>,
  ) {
    const instance = app.application.get(provider, { strict: false });
    const sound = instance[method];
    instance[method] = bug as T[keyof T];
    try {
      await work();
    } finally {
      instance[method] = sound;
    }
  }

  const typeError = (): never => {
    throw new TypeError('Cannot read properties of undefined');
  };

  /** Runs `work` while writing to a table raises an SQLSTATE that has no meaning here. */
  async function withTrigger(event: string, work: () => Promise<void>) {
    await sql(
      app,
      `create function fail() returns trigger language plpgsql as
       $$ begin raise exception 'odd' using errcode = 'KW001'; end $$`,
    );
    await sql(app, `create trigger fail before ${event} for each row execute function fail()`);
    try {
      await work();
    } finally {
      await sql(app, 'drop function fail() cascade');
    }
  }

  async function withoutTable(table: string, work: () => Promise<void>) {
    await sql(app, `alter table ${table} rename to hidden`);
    try {
      await work();
    } finally {
      await sql(app, `alter table hidden rename to ${table}`);
    }
  }

  /** The step is a 500 in the protocol's shape, logged once as an error with its stack; nothing is written. */
  async function expectBug(step: Step, during: (work: () => Promise<void>) => Promise<void>): Promise<void> {
    const before = await contents(app);
    const mark = app.logLines.length;
    await during(async () =>
      expect(flexError(await step(tenant.browser()))).toBe('500 internal_server_error'),
    );
    expect(await contents(app)).toEqual(before);
    const lines = app.logLines.slice(mark).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ level }) => Number(level) > 30)).toMatchObject([
      {
        level: 50,
        msg: 'unexpected error',
        err: { stack: expect.stringMatching(/^ +at .+:\d+:\d+\)?$/m) as string },
      },
    ]);
  }

  /** The same for a finish, which can then be done again, as its handshake is not spent. */
  async function expectBugOfFinish(
    kind: Ceremony,
    body: FinishBody,
    during: (work: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    await expectBug((browser) => browser.finish(kind, body), during);
    expect((await tenant.browser().finish(kind, body)).status).toBe(200);
  }

  it('is a 500 with its stack in the log, and not a 401, when the verification of a token fails', async () => {
    const user = new TestUser(app);
    for (const method of ['authenticate', 'validate'] as const) {
      const mark = app.logLines.length;
      await withBug(JwtStrategy, method, typeError, async () => {
        const answer = await user.call('GET', '/user/devices');
        expect(answer.body).toMatchObject({ status: 500, code: 'internal_error' });
      });
      const lines = app.logLines.slice(mark).map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.filter(({ level }) => Number(level) > 30)).toMatchObject([
        { level: 50, err: { stack: expect.stringMatching(/TypeError: .*\n +at .+:\d+:\d+\)?/) as string } },
      ]);
    }
  });

  const beginRegistration = async (): Promise<BegunRegistration> =>
    tenant.browser().beginRegistration(await tenant.registerTransaction('ada'));

  async function aSignIn(): Promise<FinishBody> {
    const { authenticator } = await tenant.register('ada');
    return (await tenant.browser().beginSignIn()).answer(authenticator);
  }

  it('causes 500 when a registration starts', async () => {
    const transaction_id = await tenant.registerTransaction('ada');
    await expectBug(
      (browser) => browser.post('register', 'start', { transaction_id }),
      (work) => withoutTable('transactions', work),
    );
  });

  it('causes 500 when a sign-in starts, with and without a transaction', async () => {
    await tenant.register('ada');
    const transaction_id = await tenant.authenticateTransaction('ada');
    await expectBug(
      (browser) => browser.post('authenticate', 'start', { transaction_id }),
      (work) => withoutTable('transactions', work),
    );
    tenant = await Tenant.create(app);
    await expectBug(
      (browser) => browser.post('authenticate', 'start', {}),
      (work) => withoutTable('apps', work),
    );
  });

  it('causes 500 when a registration is verified', async () => {
    const body = (await beginRegistration()).answer(new SoftwareAuthenticator({ aaguid: MODEL }), attested);
    await expectBugOfFinish('register', body, (work) => withBug(FidoMetadata, 'ofAaguid', typeError, work));
  });

  it('causes 500 when a registration is stored', async () => {
    const body = (await beginRegistration()).answer(new SoftwareAuthenticator());
    await expectBugOfFinish('register', body, (work) => withBug(Authenticators, 'nameOf', typeError, work));
  });

  it('causes 500 when an unknown SQLSTATE is raised while a registration is stored', async () => {
    const body = (await beginRegistration()).answer(new SoftwareAuthenticator());
    await expectBugOfFinish('register', body, (work) => withTrigger('insert on devices', work));
  });

  it('causes 500 when a sign-in is verified', async () => {
    const body = await aSignIn();
    await expectBugOfFinish('authenticate', body, (work) =>
      withBug(HandshakesService, 'expectationsOf', typeError, work),
    );
  });

  it('causes 500 when the database fails unexpectedly while a sign-in is verified or counted', async () => {
    const body = await aSignIn();
    await expectBug(
      (browser) => browser.finish('authenticate', body),
      (work) => withoutTable('devices', work),
    );
    await expectBugOfFinish('authenticate', body, (work) => withTrigger('update on devices', work));
  });
});
