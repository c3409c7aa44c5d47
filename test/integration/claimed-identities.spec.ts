import { AppServer } from '../support/app-server.js';
import { aReplicaOf, buildApp, TEST, type TestApp } from '../support/build-app.js';
import { Browser } from '../support/browser.js';
import { beginRegistration, registerPasskey, signIn } from '../support/flows.js';
import type { HttpAnswer } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contents, count, eventsOf, flexUserIdOf, sql } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';
import { aForeignPasskey, importRows } from '../support/transfer.js';

const CLAIM = 'passage_external_id';
const now = () => Math.floor(Date.now() / 1000);

/** Every route of the user's API, each as somebody without passkeys may call it. */
const CALLS: readonly ['GET' | 'POST' | 'PATCH' | 'DELETE', string, object?][] = [
  ['GET', '/user/devices'],
  ['GET', '/user/passkey-events'],
  ['POST', '/user/revokePasskey', { id: 'unknown' }],
  ['DELETE', '/user/devices/unknown'],
  ['PATCH', '/user/devices/unknown', { friendlyName: 'Mine' }],
  ['POST', '/passkey/register'],
  ['POST', '/user/authenticate-with-passkey'],
  ['POST', '/passkey/verify', { nonce: 'unknown' }],
];

const codeOf = (answer: HttpAnswer) => `${answer.status} ${answer.as<{ code?: string }>().code}`;

describe('an external ID that a claim of the token names', () => {
  let app: TestApp;
  /** A second process on the same database. */
  let replica: TestApp;
  let server: AppServer;
  let people = 0;
  beforeAll(async () => {
    const externalIdClaim = { name: CLAIM, issuer: TEST.issuer };
    app = await buildApp({ externalIdClaim });
    replica = await aReplicaOf(app, { externalIdClaim });
    server = await AppServer.own(app);
  });
  afterAll(async () => {
    await replica?.close();
    await app?.close();
  });

  const aName = () => `customer-${++people}`;
  const aPerson = (externalId: unknown = aName(), claims: object = {}) =>
    new TestUser(app, { [CLAIM]: externalId, iat: now(), ...claims });
  const tiesOf = (externalId: string) => count(app, 'users where passage_external_id = $1', externalId);

  it('lets a user with imported passkeys see and manage them at the first call', async () => {
    const externalId = aName();
    const { authenticator, row } = aForeignPasskey(externalId, {
      members: { friendly_name: 'From Passage' },
    });
    await importRows(app, [row]);
    const user = aPerson(externalId);
    const { passkeys, ...list } = await user.list();
    expect(list.externalId).toBe(externalId);
    expect(passkeys).toMatchObject([{ friendlyName: 'From Passage' }]);
    expect((await user.rename(passkeys[0]!.id, 'Mine')).status).toBe(200);
    const browser = new Browser(app);
    const begun = await browser.beginSignIn();
    const finished = await browser.finish('authenticate', begun.answer(authenticator));
    const { nonce } = finished.expect<{ nonce: string }>();
    expect((await server.verify(nonce)).expect()).toMatchObject({
      external_id: externalId,
      issuer: TEST.issuer,
      subject: user.subject,
    });
    expect((await user.revoke(passkeys[0]!.id)).status).toBe(204);
    expect(await user.passkeys()).toEqual([]);
  });

  it.each(CALLS.map((call) => [call] as const))('is tied by the first call, also by %j', async (call) => {
    const externalId = aName();
    await aPerson(externalId).call(...call);
    expect(await tiesOf(externalId)).toBe(1);
  });

  it('is the one that a passkey is added under', async () => {
    const externalId = aName();
    const { device } = await registerPasskey(aPerson(externalId));
    expect(await server.devices(externalId)).toMatchObject([{ id: device.id }]);
  });

  it.each([undefined, null, '', 7, true, ['a'], { a: 1 }, '.', '..', 'x'.repeat(256), 'a\tb', 'a\u0085b'])(
    'is missing in a token that has %j for it: 403 at every call, and nothing is made up',
    async (value) => {
      const user = aPerson('', { [CLAIM]: value });
      const before = await contents(app);
      for (const [method, url, body] of CALLS) {
        expect(codeOf(await user.call(method, url, body))).toBe('403 external_id_missing');
      }
      expect(await contents(app)).toEqual(before);
    },
  );

  it('is not compared with the tie that was made before the claim counted, nor asked of that user', async () => {
    const user = aPerson();
    await sql(
      app,
      `insert into users (id, issuer, subject, username, passage_external_id) values ($1, $2, $1, 'Ada', 'made-by-us')`,
      user.subject,
      TEST.issuer,
    );
    expect(await user.list()).toMatchObject({ externalId: 'made-by-us' });
    expect(await user.on(app, { [CLAIM]: undefined }).list()).toMatchObject({ externalId: 'made-by-us' });
    await registerPasskey(user);
    expect(await server.devices('made-by-us')).toHaveLength(1);
  });

  it('of another issuer does not count', async () => {
    const externalIdClaim = { name: CLAIM, issuer: 'https://other.example' };
    const elsewhere = await aReplicaOf(app, { externalIdClaim });
    try {
      const externalId = aName();
      const user = aPerson(externalId).on(elsewhere);
      expect(await user.list()).toMatchObject({ externalId: null });
      await registerPasskey(user);
      expect((await user.list()).externalId).toMatch(/^[0-9a-f-]{36}$/);
      expect(await tiesOf(externalId)).toBe(0);
    } finally {
      await elsewhere.close();
      // The strategy of a process is that of the application made last.
      const last = await aReplicaOf(app, { externalIdClaim: app.configuration.externalIdClaim });
      await last.close();
    }
  });

  describe('in conflict', () => {
    it('with another identity is refused at every call with 409, changes nothing and is audited', async () => {
      const externalId = aName();
      const { device } = await registerPasskey(aPerson(externalId));
      const thief = aPerson(externalId);
      const before = { ...(await contents(app)), audit_events: '' };
      const events = await eventsOf(app, async () => {
        for (const [method, url, body] of CALLS) {
          expect(codeOf(await thief.call(method, url, body))).toBe('409 external_id_conflict');
        }
        expect(codeOf(await thief.revoke(device.id))).toBe('409 external_id_conflict');
      });
      expect({ ...(await contents(app)), audit_events: '' }).toEqual(before);
      expect(events).toHaveLength(CALLS.length + 1);
      for (const event of events) {
        expect(event).toMatchObject({ type: 'user.identity_conflict', reason: 'external_id_taken' });
        // In the trail of somebody else: the erasure of the one who was refused would not find them there.
        expect(event.actor).toBeNull();
      }
      expect(app.logLines.some((line) => line.includes('external_id_taken'))).toBe(true);
    });

    it('as a second value for the same identity is refused with 409, on lists from memory too', async () => {
      const user = aPerson();
      await user.list();
      const renamed = user.on(app, { [CLAIM]: aName() });
      const events = await eventsOf(app, async () => {
        for (const [method, url, body] of CALLS) {
          expect(codeOf(await renamed.call(method, url, body))).toBe('409 external_id_conflict');
        }
      });
      expect(new Set(events.map(({ reason }) => reason))).toEqual(new Set(['second_external_id']));
      // The backend does not know the user yet: no erasure would find who it was.
      for (const { userId, actor, address } of events)
        expect([userId, actor, address]).toEqual([null, null, null]);
      expect((await user.call('GET', '/user/devices')).status).toBe(200);
    });
  });

  describe('in a race', () => {
    it('of 50 first calls of one identity on two replicas is tied once, and all of them see it', async () => {
      const externalId = aName();
      await importRows(app, [aForeignPasskey(externalId).row]);
      const user = aPerson(externalId);
      const calls = Array.from({ length: 50 }, (_, i) => user.on(i % 2 ? app : replica).list());
      for (const list of await Promise.all(calls)) {
        expect(list.externalId).toBe(externalId);
        expect(list.passkeys).toHaveLength(1);
      }
      expect(await tiesOf(externalId)).toBe(1);
      const userId = await flexUserIdOf(app, user.subject);
      expect(await count(app, `audit_events where type = 'user.linked' and user_id = $1`, userId)).toBe(1);
    });

    it('of two identities is tied to one of them; the other gets 409', async () => {
      for (let round = 0; round < 10; round++) {
        const externalId = aName();
        const [one, other] = [aPerson(externalId), aPerson(externalId).on(replica)];
        const answers = await Promise.all(
          Array.from({ length: 10 }, (_, i) => (i % 2 ? one : other).call('GET', '/user/devices')),
        );
        const winners = new Set(answers.flatMap(({ status }, i) => (status === 200 ? [i % 2] : [])));
        expect(winners.size).toBe(1);
        expect(answers.filter(({ status }) => status === 409)).toHaveLength(5);
        expect(await tiesOf(externalId)).toBe(1);
      }
    });
  });

  describe('after its tie was undone', () => {
    const unlink = (externalId: string) => server.call('DELETE', `/external-users/${externalId}/identity`);
    const link = (externalId: string, subject: string) =>
      server.call('PUT', `/external-users/${externalId}/identity`, { subject });

    it.each(['unlinked', 'erased'])('can do nothing with a token from before it was %s', async (how) => {
      const externalId = aName();
      const passkey = await registerPasskey(aPerson(externalId));
      const { user, device } = passkey;
      const nonce = await signIn(passkey);
      const path = `/external-users/${externalId}${how === 'erased' ? '' : '/identity'}`;
      expect((await server.call('DELETE', path)).status).toBe(200);
      for (const [method, url, body] of CALLS) {
        expect(codeOf(await user.call(method, url, body))).toBe('409 external_id_conflict');
      }
      expect(codeOf(await user.revoke(device.id))).toBe('409 external_id_conflict');
      expect((await server.verify(nonce)).status).toBe(401);
      const withoutDate = user.on(app, { iat: undefined });
      expect(codeOf(await withoutDate.call('GET', '/user/devices'))).toBe('409 external_id_conflict');
      expect(await tiesOf(externalId)).toBe(0);
    });

    it('is tied anew to the same identity by a token that was issued after that', async () => {
      const externalId = aName();
      const { user, device } = await registerPasskey(aPerson(externalId));
      await unlink(externalId);
      const later = user.on(app, { iat: now() + 5 });
      expect(await later.passkeys()).toMatchObject([{ id: device.id }]);
    });

    it('leaves nothing of an erased person in the trail of those whose external ID they named', async () => {
      const [others, own] = [aName(), aName()];
      await registerPasskey(aPerson(others));
      const person = aPerson(own);
      await registerPasskey(person);
      expect(codeOf(await person.on(app, { [CLAIM]: others }).call('GET', '/user/devices'))).toBe(
        '409 external_id_conflict',
      );
      expect((await server.call('DELETE', `/external-users/${own}`)).status).toBe(200);
      expect(await count(app, 'audit_events where actor = $1', `user:${person.subject}`)).toBe(0);
    });

    it('is never tied to another identity by a claim, until the operator links it', async () => {
      const externalId = aName();
      const first = aPerson(externalId);
      await first.list();
      await unlink(externalId);
      const second = aPerson(externalId, { iat: now() + 5 });
      const refused = await eventsOf(app, async () =>
        expect(codeOf(await second.call('GET', '/user/devices'))).toBe('409 external_id_conflict'),
      );
      expect(refused).toMatchObject([{ type: 'user.identity_conflict', reason: 'tie_undone' }]);
      expect((await link(externalId, second.subject)).status).toBe(200);
      expect(await second.list()).toMatchObject({ externalId });
      // Lifted by that link; the mark of the second unlinking is another.
      await unlink(externalId);
      expect(codeOf(await first.on(app, { iat: now() + 9 }).call('GET', '/user/devices'))).toBe(
        '409 external_id_conflict',
      );
    });

    it('does not let its identity move on to another external ID by a claim', async () => {
      const user = aPerson();
      const { externalId } = await user.list();
      await unlink(externalId!);
      const moved = user.on(app, { [CLAIM]: aName(), iat: now() + 5 });
      expect(codeOf(await moved.call('GET', '/user/devices'))).toBe('409 external_id_conflict');
    });

    it('leaves marks that hold neither identity nor external ID', async () => {
      const user = aPerson();
      const { externalId } = await user.list();
      await unlink(externalId!);
      for (const text of [user.subject, externalId!]) {
        for (const table of ['users', 'tie_marks', 'tie_mark_keys']) {
          expect(await count(app, `${table} t where position($1 in t::text) > 0`, text)).toBe(0);
          const hashed = `${table} t where position(encode(sha256($1::text::bytea), 'hex') in t::text) > 0`;
          expect(await count(app, hashed, text)).toBe(0);
        }
      }
    });

    it('while its identity adds a passkey leaves no transaction behind that could add one', async () => {
      for (let round = 0; round < 10; round++) {
        const externalId = aName();
        const { user } = await registerPasskey(aPerson(externalId));
        const asked = Array.from({ length: 8 }, (_, i) =>
          user
            .on(i % 2 ? app : replica)
            .call('POST', i % 4 < 2 ? '/passkey/register' : '/user/authenticate-with-passkey'),
        );
        const [undone, ...answers] = await Promise.all([unlink(externalId), ...asked]);
        expect(undone.status).toBe(200);
        for (const { status } of answers) expect([201, 409]).toContain(status);
        const left = `transactions t join flex_users u on u.id = t.user_id where u.external_id = $1`;
        expect(await count(app, left, externalId)).toBe(0);
        expect(await tiesOf(externalId)).toBe(0);
      }
    });

    it('voids what was begun: neither a ceremony nor a nonce of it is finished', async () => {
      const externalId = aName();
      const passkey = await registerPasskey(aPerson(externalId));
      const begun = await beginRegistration(passkey.user);
      const nonce = await signIn(passkey);
      await unlink(externalId);
      const finished = await begun.browser.finish('register', begun.answer(new SoftwareAuthenticator()));
      expect(codeOf(finished)).toBe('404 transaction_not_found');
      expect((await server.verify(nonce)).status).toBe(401);
    });
  });
});
