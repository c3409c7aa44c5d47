/** Sign-ins that are ready to be finished: real keys for some of the passkeys, and an assertion for each handshake. */
import { createHash, type KeyObject, sign } from 'node:crypto';
import { Client } from 'pg';
import { encodeCbor, generateCredentialKey } from '../test/support/software-credential.ts';
import { FIXTURE, jsonFrom, SIGN_IN_PATH } from './fixture.ts';
import { CONNECTIONS } from './load.ts';
import type { Request } from './load-worker.ts';

/** A passkey whose private key is here; used by one connection at a time, as its counter has to rise. */
export interface Credential {
  readonly deviceId: string;
  readonly id: Buffer;
  readonly userHandle: Buffer;
  readonly privateKey: KeyObject;
  /** Of a synced passkey, whose counter stays 0. */
  readonly isSynced: boolean;
  counter: number;
}

const UP_UV = 0x05;
const BE_BS = 0x18;

// One passkey each of as many users, of any kind.
const PICK = `
  select distinct on (u.id) d.id as "deviceId", d.credential_id as id, u.user_handle as "userHandle",
    d.backup_eligible as "isSynced"
  from flex_users u join devices d on d.app_id = u.app_id and d.user_id = u.id
  order by u.id, d.id limit $1`;

const GIVE_KEYS = `
  update devices d set public_key = k.public_key, usage_count = 0
  from unnest($1::text[], $2::bytea[]) k (id, public_key) where d.id = k.id`;

const WRITTEN = `
  select (select count(*) from nonces)::integer as nonces,
    (select count(*) from spent_handshakes)::integer as handshakes,
    (select count(*) from audit_events where type = 'passkey.used')::integer as events,
    (select sum(login_count) from flex_users)::integer as logins,
    (select sum(usage_count) from devices where id = any($1))::integer as usages`;

/** Gives ES256 keys to `count` passkeys of as many users. */
export function enrol(url: string, count: number): Promise<Credential[]> {
  return connected(url, async (client) => {
    const { rows } = await client.query<Omit<Credential, 'privateKey' | 'counter'>>(PICK, [count]);
    const keys = rows.map(() => generateCredentialKey(-7));
    const publicKeys = keys.map(({ publicKey }) => encodeCbor(publicKey));
    await client.query(GIVE_KEYS, [rows.map(({ deviceId }) => deviceId), publicKeys]);
    return rows.map((row, i) => ({ ...row, privateKey: keys[i]!.privateKey, counter: 0 }));
  });
}

/** Throws unless all sign-ins so far, if there were any, wrote each of their rows; for the time before any is purged. */
export async function assertWritten(url: string, credentials: readonly Credential[]): Promise<void> {
  const ids = credentials.map(({ deviceId }) => deviceId);
  const { rows } = await connected(url, (client) => client.query<Record<string, number>>(WRITTEN, [ids]));
  const [first, ...others] = Object.values(rows[0]!);
  if (first! > 0 && others.every((count) => count === first)) return;
  throw new Error(`Sign-ins were written by halves: ${JSON.stringify(rows[0])}.`);
}

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Starts about `count` sign-ins on the server and signs their challenges; those of one passkey are all in the share of
 * one connection, in the order of their counters.
 */
export async function prepareSignIns(
  credentials: readonly Credential[],
  url: string,
  count: number,
): Promise<Request[]> {
  const share = Math.ceil(count / CONNECTIONS);
  const shares = Array.from({ length: CONNECTIONS }, async (_, connection) => {
    const own = credentials.filter((_, i) => i % CONNECTIONS === connection);
    const requests: Request[] = [];
    for (let i = 0; i < share; i++) {
      const headers = jsonFrom(connection * share + i);
      const { handshake } = await start(url, headers);
      const response = assertionOf(own[i % own.length]!, handshake.challenge.publicKey.challenge);
      const body = JSON.stringify({ handshake_id: handshake.id, handshake_response: response });
      requests.push({ headers, body });
    }
    return requests;
  });
  return (await Promise.all(shares)).flat();
}

async function start(url: string, headers: Request['headers']) {
  const response = await fetch(`${url}${SIGN_IN_PATH}/start`, { method: 'POST', headers, body: '{}' });
  if (!response.ok) throw new Error(`A sign-in could not be started: ${response.status}.`);
  return (await response.json()) as {
    handshake: { id: string; challenge: { publicKey: { challenge: string } } };
  };
}

/** As `toJSON()` of a browser's credential and the Passage SDK have it. */
function assertionOf(credential: Credential, challenge: string) {
  if (!credential.isSynced) credential.counter += 1;
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(credential.counter);
  const flags = Buffer.of(UP_UV | (credential.isSynced ? BE_BS : 0));
  const authenticatorData = Buffer.concat([sha256(FIXTURE.rpId), flags, counter]);
  const clientData = { type: 'webauthn.get', challenge, origin: FIXTURE.origin, crossOrigin: false };
  const clientDataJSON = JSON.stringify(clientData);
  const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
  const id = credential.id.toString('base64url');
  return {
    id,
    rawId: id,
    type: 'public-key',
    response: {
      clientDataJSON: Buffer.from(clientDataJSON).toString('base64url'),
      authenticatorData: authenticatorData.toString('base64url'),
      signature: sign('sha256', signed, credential.privateKey).toString('base64url'),
      userHandle: credential.userHandle.toString('base64url'),
    },
  };
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
