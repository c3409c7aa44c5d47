import { randomBytes } from 'node:crypto';
import { Browser, type FinishBody } from '../support/browser.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { beginRegistration } from '../support/flows.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { sql } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';
import { aForeignPasskey, importRows } from '../support/transfer.js';
import { TransactionsService } from '../../src/flex/transactions/transactions.service.js';

const fromText = (text: string): Buffer => Buffer.from(text, 'base64url');

/** The forms in which passkeys may present a new handle, from `user.id` of the options that they were made with. */
const formsOf = (userId: string) => {
  const handle = fromText(userId);
  return { handle, decoded: fromText(handle.toString('ascii')), text: Buffer.from(userId) };
};

/** The Passage SDK for iOS writes the stored bytes as UTF-8 text where base64url is wanted. */
function fromIos(body: FinishBody): FinishBody {
  const { response, ...rest } = body.handshake_response as { response: { userHandle: string } };
  const userHandle = fromText(response.userHandle).toString('utf8');
  return { ...body, handshake_response: { ...rest, response: { ...response, userHandle } } };
}

describe('a new user handle', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  const ownersOf = async (forms: readonly Buffer[]) => {
    const query = 'select user_id as "userId" from user_handles where app_id = $1 and form = any($2)';
    return (await sql<{ userId: string }>(app, query, TEST.appId, forms)).map(({ userId }) => userId);
  };
  const register = async (authenticator: SoftwareAuthenticator): Promise<string> => {
    const begun = await beginRegistration(new TestUser(app));
    (await new Browser(app).finish('register', begun.answer(authenticator))).expect();
    return begun.publicKey.user.id;
  };

  it('is 43 characters of base64url in ASCII, which stand for 32 random bytes', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => register(new SoftwareAuthenticator())));
    const { handle, decoded } = formsOf(one!);
    expect(one).toMatch(/^[A-Za-z0-9_-]{58}$/);
    expect(handle.toString('ascii')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(decoded.toString('base64url')).toBe(handle.toString('ascii'));
    expect(other).not.toBe(one);
  });

  it.each(['bytes', 'text'] as const)(
    'signs in without a transaction on the web and in the SDK for iOS, if the passkey has its %s',
    async (userHandle) => {
      // A passkey that iOS makes has the text of user.id.
      const authenticator = new SoftwareAuthenticator({ userHandle });
      await register(authenticator);
      for (const spell of [(body: FinishBody) => body, fromIos]) {
        const browser = new Browser(app);
        const body = spell((await browser.beginSignIn()).answer(authenticator));
        expect((await browser.finish('authenticate', body)).status).toBe(200);
      }
    },
  );

  it.each(['handle', 'decoded', 'text'] as const)(
    'belongs to one user: no import and no sign-in brings its %s to another',
    async (form) => {
      const taken = formsOf(await register(new SoftwareAuthenticator()));
      expect(new Set(await ownersOf(Object.values(taken))).size).toBe(1);
      const name = `thief-${form}`;
      const { row } = aForeignPasskey(name, { userHandle: taken[form] });
      const user = { type: 'user', external_id: `${name}-2`, user_handle: row.user_handle };
      const outcome = await importRows(app, [row, user]);
      // The text of 58 bytes is longer than a user's own handle may be.
      const ofUser = form === 'text' ? 'invalid_user_handle' : 'user_handle_taken';
      expect(outcome.refusals.map(({ code }) => code)).toEqual(['user_handle_taken', ofUser]);
      const unknown = aForeignPasskey(name, { userHandle: taken[form], members: { user_handle: null } });
      await importRows(app, [unknown.row]);
      const before = await ownersOf(Object.values(taken));
      const transactions = app.application.get(TransactionsService, { strict: false });
      const browser = new Browser(app);
      const begun = await browser.beginSignIn(await transactions.createAuthenticate(TEST.appId, name));
      expect((await browser.finish('authenticate', begun.answer(unknown.authenticator))).status).toBe(200);
      expect(await ownersOf(Object.values(taken))).toEqual(before);
      const learnt = 'select user_handle_known as known from devices where credential_id = $1';
      expect(await sql(app, learnt, unknown.credential.id)).toEqual([{ known: false }]);
    },
  );

  it('takes the place of one that no passkey has, which somebody may have seen and claimed', async () => {
    await importRows(app, [{ type: 'user', external_id: 'waiting' }]);
    const read = `select user_handle as handle from flex_users where external_id = 'waiting'`;
    const [{ handle }] = (await sql<{ handle: Buffer }>(app, read)) as [{ handle: Buffer }];
    await importRows(app, [aForeignPasskey('early', { userHandle: handle }).row]);
    const transactions = app.application.get(TransactionsService, { strict: false });
    const transactionId = await transactions.createRegister(TEST.appId, 'waiting', 'Waiting');
    const { publicKey } = await new Browser(app).beginRegistration(transactionId);
    const { handle: settled, ...others } = formsOf(publicKey.user.id);
    expect(settled.equals(handle)).toBe(false);
    expect(await ownersOf([settled, ...Object.values(others)])).toHaveLength(3);
    // The next transaction finds it settled.
    const again = await transactions.createRegister(TEST.appId, 'waiting', 'Waiting');
    expect((await new Browser(app).beginRegistration(again)).publicKey.user.id).toBe(publicKey.user.id);
  });

  it('cannot be stored for two users, wherever it was made', async () => {
    await register(new SoftwareAuthenticator());
    const copy = `
      insert into user_handles (app_id, form, user_id)
      select app_id, form, $1 from user_handles where app_id = $2 limit 1`;
    await expect(sql(app, copy, randomBytes(8).toString('hex'), TEST.appId)).rejects.toThrow(
      /unique|duplicate/,
    );
  });
});
