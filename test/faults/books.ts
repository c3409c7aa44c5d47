import type { Ledger, LedgerPasskey } from './ledger.js';
import type { PostgresCluster } from './postgres-cluster.js';

/** What the tables have otherwise than it was acknowledged, in words. */
export interface Findings {
  readonly lost: string[];
  readonly twice: string[];
}

interface DeviceRow {
  readonly cred: string;
  readonly id: string;
  readonly name: string;
  readonly usage: number;
  readonly counter: number;
}

interface EventRow {
  readonly device: string;
  readonly type: string;
  readonly count: number;
}

interface SecretRow {
  readonly hash: string;
  readonly used: boolean;
}

interface Totals {
  readonly spent: number;
  readonly finished: number;
  readonly sign_ins: number;
  readonly logins: number;
}

const DEVICES = `select rtrim(translate(replace(encode(credential_id, 'base64'), E'\\n', ''), '+/', '-_'), '=') cred, id,
  friendly_name name, usage_count usage, counter::int from devices`;
const EVENTS = `select device_id device, type, count(*)::int from audit_events where device_id is not null group by 1, 2`;
const REVOKED = `select distinct t.credential_hash::text hash from tombstones t`;
const NONCES = `select encode(hash, 'hex') hash, consumed_at is not null used from nonces`;
const TRANSACTIONS = `select encode(hash, 'hex') hash, consumed_at is not null used from transactions`;
const TOTALS = `select (select count(*)::int from spent_handshakes) spent,
  (select count(*)::int from audit_events where type in ('passkey.registered', 'passkey.used')) finished,
  (select count(*)::int from audit_events where type = 'passkey.used') sign_ins,
  (select coalesce(sum(login_count), 0)::int from flex_users) logins`;

/** Holds the ledger of what was acknowledged against the tables, once nothing is under way any more. */
export async function auditBooks(
  cluster: PostgresCluster,
  database: string,
  ledger: Ledger,
): Promise<Findings> {
  const found: Findings = { lost: [...ledger.lost], twice: [...ledger.twice] };
  const read = <Row extends object>(statement: string) => cluster.sql<Row>(statement, database);
  const devices = new Map((await read<DeviceRow>(DEVICES)).map((row) => [row.cred, row]));
  const tombstones = (await read(REVOKED)).length;
  const events = new Map<string, number>();
  for (const { device, type, count } of await read<EventRow>(EVENTS)) events.set(`${device} ${type}`, count);
  const eventsOf = (device: DeviceRow, type: string): number => events.get(`${device.id} ${type}`) ?? 0;

  for (const passkey of ledger.passkeys.values()) {
    const row = devices.get(passkey.credId);
    devices.delete(passkey.credId);
    if (row) judgePasskey(passkey, row, (type) => eventsOf(row, type), found);
    else if (passkey.isRegistered && passkey.revocation === 'none') found.lost.push('a registration');
  }
  for (const credId of devices.keys()) {
    found.twice.push(
      ledger.refused.has(credId) ? 'a refused registration is there' : 'a passkey of nobody is there',
    );
  }
  judgeRevocations(ledger, tombstones, events, found);
  judgeSecrets(ledger, await read<SecretRow>(NONCES), await read<SecretRow>(TRANSACTIONS), found);
  judgeTotals((await read<Totals>(TOTALS))[0]!, found);
  return found;
}

function judgePasskey(
  { names, renames, signIns, counter, revocation }: LedgerPasskey,
  row: DeviceRow,
  eventsOf: (type: string) => number,
  { lost, twice }: Findings,
): void {
  if (revocation === 'acknowledged') lost.push('a revocation');
  if (names && !names.includes(row.name)) lost.push('a renaming');
  if (row.usage < signIns.acknowledged) lost.push('a sign-in');
  if (row.usage > signIns.acknowledged + signIns.doubtful) twice.push('a sign-in was counted twice');
  if (row.counter < counter) lost.push('a signature counter');
  const [registered, authenticated, renamed] = ['passkey.registered', 'passkey.used', 'passkey.renamed'].map(
    eventsOf,
  );
  if (registered !== 1) (registered === 0 ? lost : twice).push('the event of a registration');
  if (authenticated !== row.usage) lost.push(`events of sign-ins: ${authenticated} for ${row.usage}`);
  if (renamed! < renames.acknowledged) lost.push('the event of a renaming');
  if (renamed! > renames.acknowledged + renames.doubtful) twice.push('the event of a renaming');
}

function judgeRevocations(
  ledger: Ledger,
  tombstones: number,
  events: ReadonlyMap<string, number>,
  { lost, twice }: Findings,
): void {
  const passkeys = [...ledger.passkeys.values()];
  const acknowledged = passkeys.filter(({ revocation }) => revocation === 'acknowledged').length;
  const doubtful = passkeys.filter(({ revocation }) => revocation === 'doubtful').length;
  if (tombstones < acknowledged) lost.push(`${acknowledged - tombstones} tombstones`);
  if (tombstones > acknowledged + doubtful) twice.push('a tombstone of what nobody revoked');
  const revoked = [...events].filter(([key]) => key.endsWith(' passkey.revoked'));
  if (revoked.length !== tombstones) lost.push('the event of a revocation');
  if (revoked.some(([, count]) => count > 1)) twice.push('the event of a revocation');
}

function judgeSecrets(
  ledger: Ledger,
  nonces: readonly SecretRow[],
  transactions: readonly SecretRow[],
  { lost }: Findings,
): void {
  const known = new Map(nonces.map(({ hash, used }) => [hash, used]));
  for (const [hash, { credId, uses }] of ledger.nonces) {
    // A nonce is deleted with its passkey.
    if (ledger.passkeys.get(credId)?.revocation !== 'none') continue;
    if (!known.has(hash)) lost.push('a nonce');
    else if (uses > 0 && !known.get(hash)) lost.push('the use of a nonce');
  }
  const permissions = new Map(transactions.map(({ hash, used }) => [hash, used]));
  for (const [hash, uses] of ledger.transactions) {
    if (!permissions.has(hash)) lost.push('a transaction');
    else if (uses > 0 && !permissions.get(hash)) lost.push('the use of a transaction');
  }
}

/** Whether each finish has spent one handshake, and left one event. */
function judgeTotals({ spent, finished, sign_ins: signIns, logins }: Totals, { twice }: Findings): void {
  if (spent !== finished) twice.push(`${finished} finishes on ${spent} handshakes`);
  if (logins !== signIns) twice.push(`${logins} logins counted for ${signIns} sign-ins`);
}
