import { auditBooks } from './books.js';
import type { Ledger } from './ledger.js';
import { load } from './run.js';
import { aStage } from './stage.js';

const COPY = 'tampered';

describe('the books', () => {
  const stage = aStage();
  let ledger: Ledger;

  beforeAll(async () => {
    const site = await stage.open({ replicas: 1 });
    ({ ledger } = await load(site, () => Promise.resolve()));
    // A database that is connected to cannot be copied.
    await site.stop(site.replicas[0]!);
    await stage.cluster.sql(`create database original template ${site.database}`);
  }, 150_000);
  beforeEach(() => stage.cluster.sql(`create database ${COPY} template original`));
  afterEach(() => stage.cluster.sql(`drop database ${COPY}`));

  const audit = async (): Promise<string[]> => {
    const { lost, twice } = await auditBooks(stage.cluster, COPY, ledger);
    return [...new Set([...lost, ...twice])];
  };

  it('agree with tables that nobody has tampered with', async () => {
    expect(await audit()).toEqual([]);
  });

  const used = 'usage_count > 0';
  it.each([
    ['a passkey that is gone', 'delete from devices', 'a registration'],
    ['another name', `update devices set friendly_name = 'Other' where ${used}`, 'a renaming'],
    ['a sign-in too few', `update devices set usage_count = usage_count - 1 where ${used}`, 'a sign-in'],
    ['one too many', 'update devices set usage_count = usage_count + 1', 'a sign-in was counted twice'],
    ['a counter set back', 'update devices set counter = 0', 'a signature counter'],
    ['a nonce that can be used again', 'update nonces set consumed_at = null', 'the use of a nonce'],
    ['a nonce that is gone', 'delete from nonces', 'a nonce'],
    [
      'a transaction to be used again',
      'update transactions set consumed_at = null',
      'the use of a transaction',
    ],
    ['a transaction that is gone', 'delete from transactions', 'a transaction'],
    ['a login too many', 'update flex_users set login_count = 100', / logins counted for /],
    ['a handshake to be used again', 'delete from spent_handshakes', / finishes on 0 handshakes/],
    ['a tombstone that is gone', 'delete from tombstones', / tombstones/],
    [
      'events that are gone',
      `delete from audit_events where type = 'passkey.registered'`,
      'the event of a registration',
    ],
    [
      'sign-ins without events',
      `delete from audit_events where type = 'passkey.used'`,
      /^events of sign-ins/,
    ],
    [
      'renamings without events',
      `delete from audit_events where type = 'passkey.renamed'`,
      'the event of a renaming',
    ],
    [
      'revocations without events',
      `delete from audit_events where type = 'passkey.revoked'`,
      'the event of a revocation',
    ],
  ])('show %s', async (_what, statement, finding) => {
    await stage.cluster.sql(statement, COPY);
    expect(await audit()).toContainEqual(
      typeof finding === 'string' ? finding : expect.stringMatching(finding),
    );
  });

  it('show a passkey that comes from nowhere, and a revoked one that is back', async () => {
    const [known] = ledger.passkeys.keys();
    const { ...passkey } = ledger.passkeys.get(known!)!;
    ledger.passkeys.set(known!, { ...passkey, revocation: 'acknowledged' });
    expect(await audit()).toContain('a revocation');
    ledger.passkeys.delete(known!);
    expect(await audit()).toContain('a passkey of nobody is there');
    ledger.refused.add(known!);
    expect(await audit()).toContain('a refused registration is there');
  });
});
