import { ReferenceKind } from '@mikro-orm/core';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { registerPasskey } from '../support/flows.js';
import { contents, count, flexUserIdOf, insertApp, sql } from '../support/tables.js';
import { AppServer } from '../support/app-server.js';
import { TestUser } from '../support/test-user.js';
import {
  aForeignPasskey,
  exportLines,
  exportRows,
  exportText,
  importFile,
  importRows,
  piecesOf,
  toJsonl,
} from '../support/transfer.js';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
const allOf = (table: string) => `${table} where app_id = '${TEST.appId}'`;
let app: TestApp;
/** External IDs that no other test has. */
const names = (total: number) => Array.from({ length: total }, () => `user-${randomUUID()}`);
const codes = ({ refusals }: { refusals: readonly { line: number; code: string }[] }) =>
  refusals.map(({ line, code }) => `${line} ${code}`);

beforeAll(async () => {
  app = await buildApp();
});
afterAll(() => app?.close());

describe('an import of passkeys', () => {
  it('creates users and passkeys with every member of their rows, and defaults for the others', async () => {
    const [ada, bob] = names(2);
    const full = {
      id: randomUUID(),
      sign_count: 4_294_967_295,
      aaguid: 'EA9B8D66-4D01-1D21-3CE4-B6B48CB575D4',
      transports: ['internal', 'hybrid'],
      attachment: 'platform',
      backup_eligible: true,
      backed_up: false,
      attestation_format: 'packed',
      automatic: true,
      friendly_name: 'Chrome on Windows (2)',
      name_code: 'browser_on_system',
      created_from: 'Chrome on Windows',
      last_used_from: 'Samsung Internet on Android',
      usage_count: 7,
      created_at: '2024-01-01T00:00:00.123456+01:00',
      updated_at: '2024-02-01T00:00:00Z',
      last_login_at: '2024-03-01T00:00:00Z',
    };
    const one = aForeignPasskey(ada!, { members: full });
    const two = aForeignPasskey(bob!, { algorithm: -8, members: { user_handle: null } });
    expect(await importRows(app, [one.row, two.row])).toEqual({
      read: 2,
      created: 2,
      unchanged: 0,
      refused: 0,
      refusals: [],
    });
    const exported = await exportRows(app);
    const find = (type: string, externalId: string) =>
      exported.find((row) => row.type === type && row.external_id === externalId);
    expect(find('passkey', ada!)).toEqual({
      type: 'passkey',
      ...one.row,
      attestation_trust: 'none',
      aaguid: full.aaguid.toLowerCase(),
      created_at: '2023-12-31T23:00:00.123456Z',
      updated_at: '2024-02-01T00:00:00.000000Z',
      last_login_at: '2024-03-01T00:00:00.000000Z',
    });
    expect(find('passkey', bob!)).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      user_handle: null,
      sign_count: 0,
      backup_eligible: null,
      backed_up: null,
      automatic: false,
      friendly_name: 'Passkey',
      usage_count: 0,
      last_login_at: null,
    });
    expect(find('user', ada!)).toMatchObject({ user_handle: one.row.user_handle, status: 'active' });
    expect(find('user', bob!)).toMatchObject({ user_handle: null, login_count: 0, last_login_at: null });
    const trail = `audit_events where type = 'passkey.imported' and device_id = $1`;
    expect(await count(app, trail, full.id)).toBe(1);
  });

  it('changes nothing when it is repeated, also with the keys in another format', async () => {
    const rows = names(3).map((name, index) =>
      aForeignPasskey(name, { algorithm: ([-7, -8, -257] as const)[index]! }),
    );
    await importRows(
      app,
      rows.map(({ row }) => row),
    );
    const before = await contents(app);
    const jwks = rows.map(({ row, credential }) => ({
      ...row,
      public_key: jwkOf(credential.publicKey),
      sign_count: 99,
      friendly_name: 'Another name',
      backup_eligible: false,
      usage_count: 5,
      user_handle: undefined,
    }));
    for (const again of [rows.map(({ row }) => row), jwks]) {
      expect(await importRows(app, again)).toMatchObject({ read: 3, created: 0, unchanged: 3, refused: 0 });
      expect(await contents(app)).toEqual(before);
    }
  });

  it('refuses another user’s credential, another key and a revoked credential, and changes nothing', async () => {
    const [ada, bob, eve] = names(3);
    const known = aForeignPasskey(ada!, { members: { id: randomUUID() } });
    await importRows(app, [known.row]);
    const user = new TestUser(app);
    const revoked = await registerPasskey(user);
    await user.revoke(revoked.device.id);
    const before = await contents(app);
    const other = aForeignPasskey(bob!);
    const outcome = await importRows(app, [
      { ...known.row, external_id: bob },
      { ...known.row, public_key: other.row.public_key },
      { ...other.row, credential_id: revoked.device.credId },
      { ...other.row, id: known.row.id },
      { ...other.row, user_handle: known.row.user_handle },
      { type: 'user', external_id: eve, user_handle: known.row.user_handle },
      { type: 'tombstone', credential_hash: sha256(known.credential.id).toString('base64') },
      { nonsense: true },
    ]);
    expect(codes(outcome)).toEqual([
      '1 credential_of_another_user',
      '2 credential_key_differs',
      '3 credential_revoked',
      '4 device_id_taken',
      '5 user_handle_taken',
      '6 user_handle_taken',
      '7 credential_in_use',
      '8 unknown_member',
    ]);
    expect(outcome).toMatchObject({ read: 8, created: 0, unchanged: 0, refused: 8 });
    expect(await contents(app)).toEqual(before);
    for (const { error } of outcome.refusals) expect(error).not.toMatch(new RegExp(`${ada}|${bob}`));
  });

  it('keeps the first of two rows that contradict each other', async () => {
    const [ada, bob] = names(2);
    const { row } = aForeignPasskey(ada!, { members: { id: randomUUID() } });
    const others = [aForeignPasskey(ada!).row, aForeignPasskey(bob!).row];
    const outcome = await importRows(app, [
      row,
      row,
      { ...row, external_id: bob },
      { ...row, public_key: others[0]!.public_key },
      { ...others[0], id: row.id },
      { ...others[1], user_handle: row.user_handle },
      { ...others[1], user_handle: textOf(row.user_handle as string) },
    ]);
    expect(outcome).toMatchObject({ created: 1, unchanged: 1, refused: 5 });
    expect(codes(outcome)).toEqual([
      '3 credential_of_another_user',
      '4 credential_key_differs',
      '5 device_id_taken',
      '6 user_handle_taken',
      '7 user_handle_taken',
    ]);
  });

  it('refuses a user handle that another user has, in either of its forms', async () => {
    const [ada, bob, cleo] = names(3);
    const handle = randomBytes(16);
    await importRows(app, [aForeignPasskey(ada!, { userHandle: handle }).row]);
    const local = new TestUser(app);
    await registerPasskey(local);
    const own = (await local.list()).signals[0]!.userId;
    const text = textOf(handle.toString('base64url'));
    await importRows(app, [
      aForeignPasskey(cleo!, { userHandle: Buffer.from(textOf(own), 'base64url') }).row,
    ]).then((outcome) => expect(codes(outcome)).toEqual(['1 user_handle_taken']));
    for (const taken of [handle.toString('base64url'), text, own, textOf(own)]) {
      const row = { ...aForeignPasskey(bob!).row, user_handle: taken };
      expect([taken, codes(await importRows(app, [row]))]).toEqual([taken, ['1 user_handle_taken']]);
    }
    // The other way round: a handle whose text another one is.
    const [dora, emil] = names(2);
    const root = randomBytes(12);
    const itsText = Buffer.from(root.toString('base64url'));
    await importRows(app, [aForeignPasskey(dora!, { userHandle: itsText }).row]);
    const rooted = await importRows(app, [aForeignPasskey(emil!, { userHandle: root }).row]);
    expect(codes(rooted)).toEqual(['1 user_handle_taken']);
    expect(await count(app, `${allOf('flex_users')} and external_id = $1`, emil)).toBe(0);
  });

  it('changes nothing in another app', async () => {
    const other = `other-${randomBytes(4).toString('hex')}`;
    await insertApp(app, { id: other, rpId: `${other}.example`, origin: `https://${other}.example` });
    const [ada, bob] = names(2);
    const { row } = aForeignPasskey(ada!, { members: { id: randomUUID() } });
    await importRows(app, [row]);
    const before = await exportText(app);
    expect(await importRows(app, [{ ...row, external_id: bob }], { appId: other })).toMatchObject({
      created: 1,
    });
    expect(await exportText(app)).toBe(before);
    await expect(importRows(app, [row], { appId: 'nobody' })).rejects.toThrow('There is no app "nobody"');
  });

  it('writes nothing in a dry run, and returns what an import would do', async () => {
    const [ada, bob] = names(2);
    const { row } = aForeignPasskey(ada!);
    const many = Array.from({ length: 1_100 }, () => aForeignPasskeyOfKey(row, names(1)[0]!));
    const rows = [...many, row, { ...row, external_id: bob }, { nonsense: true }];
    const before = await contents(app);
    const dry = await importRows(app, rows, { isDryRun: true });
    expect(await contents(app)).toEqual(before);
    expect(dry).toMatchObject({ read: 1_103, created: 1_101, unchanged: 0, refused: 2 });
    expect(codes(dry)).toEqual(['1102 credential_of_another_user', '1103 unknown_member']);
    expect(await importRows(app, rows)).toEqual(dry);
  });

  it('completes an interrupted import when the same file is imported again', async () => {
    const { row } = aForeignPasskey(names(1)[0]!);
    const rows = Array.from({ length: 1_200 }, () => aForeignPasskeyOfKey(row, names(1)[0]!));
    const file = toJsonl(rows);
    async function* breaking() {
      yield* piecesOf(file.slice(0, (file.length * 2) / 3), 10_000);
      throw new Error('the wire was cut');
    }
    const before = await count(app, allOf('devices'));
    await expect(importFile(app, breaking())).rejects.toThrow('the wire was cut');
    expect((await count(app, allOf('devices'))) - before).toBe(500);
    expect(await importFile(app, file)).toMatchObject({
      read: 1_200,
      created: 700,
      unchanged: 500,
      refused: 0,
    });
    expect((await count(app, allOf('devices'))) - before).toBe(1_200);
  });

  it('creates each row once when several imports and a registration run at the same time', async () => {
    const { row } = aForeignPasskey(names(1)[0]!);
    const rows = Array.from({ length: 600 }, () => aForeignPasskeyOfKey(row, names(1)[0]!));
    const before = await count(app, allOf('devices'));
    const outcomes = await Promise.all([
      ...[rows, rows.toReversed(), rows].map((each) => importRows(app, each)),
      registerPasskey(new TestUser(app)),
    ]);
    expect((await count(app, allOf('devices'))) - before).toBe(601);
    const created = outcomes.slice(0, 3).map((outcome) => ('created' in outcome ? outcome.created : 0));
    expect(created.reduce((sum, each) => sum + each)).toBe(600);
  });

  it('refuses no row when several imports of the same file run at the same time', async () => {
    const { row } = aForeignPasskey(names(1)[0]!);
    const rows = Array.from({ length: 2_500 }, () => aForeignPasskeyOfKey(row, names(1)[0]!));
    const outcomes = await Promise.all([rows, rows, rows].map((each) => importRows(app, each)));
    expect(outcomes.flatMap(codes)).toEqual([]);
    expect(outcomes.reduce((sum, { created }) => sum + created, 0)).toBe(2_500);
  }, 30_000);

  it('keeps the first of a passkey and its tombstone, in one batch or two', async () => {
    for (const apart of [0, 600]) {
      const { row } = aForeignPasskey(names(1)[0]!);
      const between = Array.from({ length: apart }, () => aForeignPasskeyOfKey(row, names(1)[0]!));
      for (const isPasskeyFirst of [true, false]) {
        const passkey = aForeignPasskey(names(1)[0]!);
        const credential_hash = sha256(passkey.credential.id).toString('base64');
        const pair = [passkey.row, { type: 'tombstone', credential_hash }];
        const [first, second] = isPasskeyFirst ? pair : pair.toReversed();
        const outcome = await importRows(app, [first!, ...between, second!]);
        const code = isPasskeyFirst ? 'credential_in_use' : 'credential_revoked';
        expect(codes(outcome)).toEqual([`${apart + 2} ${code}`]);
      }
    }
  }, 30_000);

  it('replaces a passkey name that cannot be displayed', async () => {
    const rows = ['a\ud800', '\udc00', 'a\u0000b'].map((friendly_name) => {
      const [name] = names(1);
      return { ...aForeignPasskey(name!).row, friendly_name };
    });
    const file = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    expect(await importFile(app, file)).toMatchObject({ created: 3, refused: 0 });
    const ids = rows.map((row) => (row as unknown as { credential_id: string }).credential_id);
    const kept = (await exportRows(app)).filter(({ credential_id }) => ids.includes(credential_id as string));
    expect(kept.map(({ friendly_name }) => friendly_name)).toEqual(Array(3).fill('Passkey'));
  });

  it('imports 10,000 rows in order, batch by batch', async () => {
    const { row } = aForeignPasskey(names(1)[0]!);
    async function* file() {
      for (let line = 0; line < 10_000; line += 1) {
        yield Buffer.from(toJsonl([aForeignPasskeyOfKey(row, `many-${line % 4_000}`)]));
        if (line % 100 === 0) await Promise.resolve();
      }
    }
    const progress: number[] = [];
    const outcome = await importFile(app, file(), { onProgress: ({ read }) => void progress.push(read) });
    expect(outcome).toMatchObject({ read: 10_000, created: 10_000, refused: 0 });
    expect(progress).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * 500));
    expect(await count(app, `${allOf('flex_users')} and external_id like 'many-%'`)).toBe(4_000);
  });
});

describe('an import of users', () => {
  it('creates them with their ids, status and counts, and does not change them later', async () => {
    const [ada, bob, eve] = names(3);
    const csv =
      'external_id,id,status,created_at,last_login_at,login_count,email\n' +
      `${ada},${ada!.slice(5)},inactive,2024-01-01T00:00:00Z,2024-02-01T00:00:00Z,3,a@example.com\n` +
      `${bob},,,,,,\n${eve},${ada!.slice(5)},active,,,0,\n`;
    const first = await importFile(app, csv, { format: 'passage-users-csv' });
    expect(first).toMatchObject({ read: 3, created: 2, refused: 1 });
    expect(codes(first)).toEqual(['4 user_id_taken']);
    const before = await contents(app);
    const again = await importFile(app, csv.replace('inactive', 'active').replace(',3,', ',9,'), {
      format: 'passage-users-csv',
    });
    expect(again).toMatchObject({ created: 0, unchanged: 2, refused: 1 });
    expect(await contents(app)).toEqual(before);
    const rows = (await exportRows(app)).filter(({ external_id }) =>
      [ada, bob].includes(external_id as string),
    );
    expect(rows.find(({ external_id }) => external_id === ada)).toEqual({
      type: 'user',
      external_id: ada,
      issuer: null,
      subject: null,
      id: ada!.slice(5),
      user_handle: null,
      status: 'inactive',
      login_count: 3,
      created_at: '2024-01-01T00:00:00.000000Z',
      updated_at: '2024-01-01T00:00:00.000000Z',
      last_login_at: '2024-02-01T00:00:00.000000Z',
    });
    expect(rows.find(({ external_id }) => external_id === bob)).toMatchObject({ status: 'active' });
  });

  it('refuses to deactivate a user who is active in the app', async () => {
    const [ada] = names(1);
    const user = { type: 'user', external_id: ada, status: 'inactive' };
    expect(await importRows(app, [aForeignPasskey(ada!).row])).toMatchObject({ created: 1 });
    expect(codes(await importRows(app, [user]))).toEqual(['1 user_active']);
    await sql(app, `update flex_users set status = 'inactive' where external_id = $1`, ada);
    for (const status of ['inactive', 'active'])
      expect(await importRows(app, [{ ...user, status }])).toMatchObject({ unchanged: 1, refused: 0 });
  });

  it('refuses the passkeys of a user while the row of that user is refused', async () => {
    const [ada, bob] = names(2);
    const user = { type: 'user', external_id: ada, status: 'inactive' };
    const passkey = aForeignPasskey(ada!).row;
    const legacy = { type: 'legacy_device', external_id: ada, id: randomUUID() };
    const apart = Array.from({ length: 600 }, () => aForeignPasskeyOfKey(passkey, names(1)[0]!));
    const refused = { ...user, created_at: 'yesterday' };
    const outcome = await importRows(app, [refused, passkey, ...apart, legacy]);
    expect(codes(outcome)).toEqual(['1 invalid_created_at', '2 user_refused', '603 user_refused']);
    const taken = { ...user, external_id: bob, user_handle: (apart[0] as typeof passkey).user_handle };
    expect(codes(await importRows(app, [taken, aForeignPasskey(bob!).row]))).toEqual([
      '1 user_handle_taken',
      '2 user_refused',
    ]);
    expect(await count(app, `${allOf('flex_users')} and external_id in ($1, $2)`, ada, bob)).toBe(0);
    expect(await importRows(app, [refused, user, passkey])).toMatchObject({ created: 2, refused: 1 });
    expect(await count(app, `${allOf('flex_users')} and external_id = $1 and status = 'inactive'`, ada)).toBe(
      1,
    );
  });

  it('sets the user handle of a later row if no passkey was registered with the present one', async () => {
    const [ada, bob] = names(2);
    await importRows(app, [
      { type: 'user', external_id: ada },
      { type: 'user', external_id: bob },
    ]);
    const handle = randomBytes(32).toString('base64url');
    const passkey = aForeignPasskey(bob!).row;
    const outcome = await importRows(app, [{ type: 'user', external_id: ada, user_handle: handle }, passkey]);
    expect(outcome).toMatchObject({ created: 1, unchanged: 1, refused: 0 });
    const users = (await exportRows(app)).filter(({ type }) => type === 'user');
    expect(users.find(({ external_id }) => external_id === ada)!.user_handle).toBe(handle);
    expect(users.find(({ external_id }) => external_id === bob)!.user_handle).toBe(passkey.user_handle);
    const other = aForeignPasskey(bob!).row;
    expect(await importRows(app, [other])).toMatchObject({ created: 1 });
    const now = await exportRows(app);
    const handles = now
      .filter(({ type, external_id }) => type === 'passkey' && external_id === bob)
      .map(({ user_handle }) => user_handle);
    expect(new Set(handles)).toEqual(new Set([passkey.user_handle, other.user_handle]));
  });
});

describe('an import of devices without their keys', () => {
  const format = 'passage-devices-json';
  const aDevice = (id: string, credentialId: Buffer) => ({
    id,
    cred_id: credentialId.toString('base64url'),
    friendly_name: 'iPhone',
    type: 'passkey',
    created_at: '2024-01-01T00:00:00Z',
    updated_at: '2024-01-01T00:00:00Z',
    last_login_at: '2024-01-01T00:00:00Z',
    usage_count: 0,
    icons: { light: null, dark: null },
  });

  it('stores them, but never lists them and never names them in a ceremony', async () => {
    const user = new TestUser(app);
    const { device, browser } = await registerPasskey(user);
    const userId = await flexUserIdOf(app, user.subject);
    const [{ externalId }] = (await sql<{ externalId: string }>(
      app,
      'select external_id as "externalId" from flex_users where id = $1',
      userId,
    )) as [{ externalId: string }];
    const [id, credentialId] = [randomUUID(), randomBytes(32)];
    const group = { external_id: externalId, devices: [aDevice(id, credentialId)] };
    const file = JSON.stringify([group]);
    expect(await importFile(app, file, { format })).toMatchObject({ read: 1, created: 1, refused: 0 });
    const before = await contents(app);
    expect(await importFile(app, file, { format })).toMatchObject({ created: 0, unchanged: 1 });
    expect(await contents(app)).toEqual(before);

    expect((await user.passkeys()).map((it) => it.id)).toEqual([device.id]);
    expect((await user.list()).signals[0]!.allAcceptedCredentialIds).toEqual([device.credId]);
    const { transactionId } = await user.registerTransaction();
    const registration = await browser.beginRegistration(transactionId);
    expect(registration.publicKey.excludeCredentials!.map((it) => it.id)).toEqual([device.credId]);
    const leave = await user.authenticateTransaction();
    const signIn = await browser.beginSignIn(leave.transactionId);
    expect(signIn.publicKey.allowCredentials!.map((it) => it.id)).toEqual([device.credId]);
    expect((await exportRows(app)).find((row) => row.id === id)).toEqual({
      type: 'legacy_device',
      external_id: externalId,
      id,
      credential_id: credentialId.toString('base64url'),
      friendly_name: 'iPhone',
      kind: 'passkey',
      usage_count: 0,
      created_at: '2024-01-01T00:00:00.000000Z',
      updated_at: '2024-01-01T00:00:00.000000Z',
      last_login_at: null,
    });
    await user.revoke(device.id);
    expect((await user.call('POST', '/user/authenticate-with-passkey')).status).toBe(409);
  });

  it('deletes a device without its key once the passkey is imported, and never replaces a passkey', async () => {
    const [ada, bob] = names(2);
    const passkey = aForeignPasskey(ada!, { members: { id: randomUUID() } });
    const device = { ...aDevice(passkey.row.id as string, passkey.credential.id), external_id: ada };
    expect(await importFile(app, JSON.stringify(device), { format })).toMatchObject({ created: 1 });
    const legacy = `${allOf('legacy_devices')} and id = $1`;
    expect(await count(app, legacy, device.id)).toBe(1);
    expect(await importRows(app, [passkey.row])).toMatchObject({ created: 1 });
    expect(await count(app, legacy, device.id)).toBe(0);
    expect(await importFile(app, JSON.stringify(device), { format })).toMatchObject({ unchanged: 1 });
    const foreign = await importFile(
      app,
      toJsonl([
        { ...device, external_id: bob },
        { ...device, external_id: bob, cred_id: '' },
        { ...device, id: randomUUID(), external_id: bob },
      ]),
      { format },
    );
    expect(codes(foreign)).toEqual([
      '1 credential_of_another_user',
      '2 device_id_taken',
      '3 credential_of_another_user',
    ]);
    expect(await count(app, `${allOf('flex_users')} and external_id = $1`, bob)).toBe(0);
  });
});

describe('a device id', () => {
  it('is refused for a passkey if a device without a key of another user has it', async () => {
    const [ada, bob] = names(2);
    const id = randomUUID();
    expect(await importRows(app, [{ type: 'legacy_device', external_id: bob, id }])).toMatchObject({
      created: 1,
    });
    const passkey = (externalId: string) => aForeignPasskey(externalId, { members: { id } }).row;
    expect(codes(await importRows(app, [passkey(ada!)]))).toEqual(['1 device_id_taken']);
    expect(await importRows(app, [passkey(bob!)])).toMatchObject({ created: 1 });
  });
});

describe('an export', () => {
  it('has the same bytes each time, also from an empty app into which it was imported', async () => {
    const origin = await buildApp();
    const user = new TestUser(origin);
    await registerPasskey(user);
    const gone = await registerPasskey(user);
    await user.revoke(gone.device.id);
    const [ada, bob] = names(2) as [string, string];
    const foreign = aForeignPasskey(ada, { userHandle: randomBytes(64) }).row;
    await importRows(origin, [foreign, { type: 'user', external_id: bob }]);
    await importRows(origin, [{ type: 'legacy_device', external_id: bob, id: randomUUID() }]);
    const text = await exportText(origin);
    expect(await exportText(origin)).toBe(text);
    await origin.close();
    const types = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect([...new Set(types)]).toEqual(['user', 'passkey', 'legacy_device', 'tombstone']);
    const elsewhere = await buildApp();
    try {
      const outcome = await importFile(elsewhere, text);
      expect(outcome).toMatchObject({ read: types.length, created: types.length, refused: 0 });
      expect(await exportText(elsewhere)).toBe(text);
      expect(await importFile(elsewhere, text)).toMatchObject({ created: 0, unchanged: types.length });
      const revoked = { ...aForeignPasskey(names(1)[0]!).row, credential_id: gone.device.credId };
      expect(codes(await importRows(elsewhere, [revoked]))).toEqual(['1 credential_revoked']);
    } finally {
      await elsewhere.close();
    }
  });

  it('holds every column of users, passkeys and devices without a key', async () => {
    const user = new TestUser(app);
    await registerPasskey(user);
    const [ada] = names(1) as [string];
    await importRows(app, [{ type: 'user', external_id: ada }]);
    await importRows(app, [{ type: 'legacy_device', external_id: ada, id: randomUUID() }]);
    const exported = await exportRows(app);
    // The app is the importer's choice, and users are named by their external ID; the rest is derived from other members.
    const derived = ['app_id', 'user_id', 'algorithm', 'user_handle_known', 'user_handle_settled'];
    // A count of one day is not moved.
    const left = [...derived, 'upgrades_offered_at'];
    const spelt = new Map([['counter', 'sign_count']]);
    const lacking = (type: string, entity: string) => {
      const members = Object.keys(exported.find((row) => row.type === type)!);
      return Object.values(app.database.orm.getMetadata().getByClassName(entity as never).properties)
        .filter(({ kind }) => kind === ReferenceKind.SCALAR)
        .flatMap(({ fieldNames }) => fieldNames.map((name) => spelt.get(name) ?? name))
        .filter((name) => !members.includes(name) && !left.includes(name));
    };
    expect(lacking('user', 'FlexUser')).toEqual([]);
    expect(lacking('passkey', 'Device')).toEqual([]);
    expect(lacking('legacy_device', 'LegacyDevice')).toEqual([]);
  });

  it('is a snapshot, even if passkeys are revoked while it is read slowly', async () => {
    const elsewhere = await buildApp();
    try {
      const passkeys = Array.from({ length: 1_200 }, () => aForeignPasskeyOfKey(key, names(1)[0]!));
      await importRows(elsewhere, passkeys);
      const before = await exportText(elsewhere);
      const lines: string[] = [];
      for await (const line of exportLines(elsewhere)) {
        lines.push(line);
        // The first page of the passkeys has been read, the tombstones have not.
        if (lines.length === 1_201) {
          await sql(
            elsewhere,
            `with gone as (delete from devices where app_id = $1 returning credential_id)
             insert into tombstones (app_id, credential_hash) select $1, sha256(credential_id) from gone`,
            TEST.appId,
          );
        }
      }
      expect(lines.join('')).toBe(before);
      expect(await exportText(elsewhere)).not.toContain('"passkey"');
    } finally {
      await elsewhere.close();
    }
  }, 30_000);

  it('contains a passkey that was revoked and registered again as a passkey, not as a tombstone', async () => {
    const credentialId = randomBytes(32);
    const elsewhere = await buildApp();
    try {
      const server = await AppServer.create(elsewhere);
      const { tenant } = server;
      await tenant.register('ada', { credentialId });
      expect((await server.call('DELETE', '/external-users/ada')).status).toBe(200);
      expect((await exportRows(elsewhere, tenant.id)).map(({ type }) => type)).toEqual(['tombstone']);
      await tenant.register('ada', { credentialId });
      const text = await exportText(elsewhere, tenant.id);
      expect(text).not.toContain('tombstone');
      expect(await importFile(elsewhere, text)).toMatchObject({ read: 2, created: 2 });
    } finally {
      await elsewhere.close();
    }
  });

  it('fails for an app that does not exist', async () => {
    await expect(exportText(app, 'nobody')).rejects.toThrow('There is no app "nobody"');
  });
});

const { row: key } = aForeignPasskey('anybody');

/** Another credential of the same key, which saves making one. */
function aForeignPasskeyOfKey(row: object, externalId: string): object {
  return {
    ...row,
    external_id: externalId,
    credential_id: randomBytes(32).toString('base64url'),
    user_handle: createHash('sha256').update(externalId).digest('base64url'),
  };
}

/** A handle's text as a handle of its own, both in base64url. */
const textOf = (handle: string): string => Buffer.from(handle).toString('base64url');

function jwkOf(key: ReadonlyMap<number, number | Uint8Array>): object {
  const text = (label: number) => Buffer.from(key.get(label) as Uint8Array).toString('base64url');
  switch (key.get(3)) {
    case -7:
      return { kty: 'EC', crv: 'P-256', x: text(-2), y: text(-3) };
    case -8:
      return { kty: 'OKP', crv: 'Ed25519', x: text(-2) };
    default:
      return { kty: 'RSA', n: text(-1), e: text(-2) };
  }
}
