import { Client } from 'pg';
import { FIXTURE } from './fixture.ts';

/** Fills a migrated database with one app, its users and their passkeys, and lets PostgreSQL see how they lie. */
export async function fillDatabase(
  url: string,
  { users, passkeysPerUser }: { users: number; passkeysPerUser: number } = FIXTURE,
): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { appId, appName, origin, rpId, issuer } = FIXTURE;
    await client.query(APP, [appId, appName, [origin], rpId]);
    await client.query(USERS, [issuer, users]);
    await client.query(FLEX_USERS, [appId]);
    await client.query(DEVICES, [passkeysPerUser]);
    await client.query('analyze');
  } finally {
    await client.end();
  }
}

/** Adds what happened to each passkey: one event, of which every twentieth is a refusal, and every tenth was revoked. */
export async function fillTrail(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(EVENTS);
    await client.query(TOMBSTONES);
    await client.query('analyze');
  } finally {
    await client.end();
  }
}

const EVENTS = `
  insert into audit_events (id, type, app_id, user_id, device_id, actor, address, user_agent, request_id, created_at)
  select gen_random_uuid(), case when random() < 0.05 then 'refused' else 'authenticated' end, app_id, user_id, id,
    'user:' || user_id, '203.0.113.7', repeat('Mozilla/5.0 ', 8), gen_random_uuid(), created_at + interval '1 day'
  from devices`;

const TOMBSTONES = `
  insert into tombstones (app_id, credential_hash, revoked_at)
  select app_id, sha256(id::bytea), created_at from devices where right(id, 1) in ('0', '8')`;

const APP = 'insert into apps (id, name, origins, rp_id) values ($1, $2, $3, $4)';

// Subjects and names as `subjectOf` and `usernameOf` spell them.
const USERS = `
  insert into users (id, issuer, subject, username, passage_external_id)
  select gen_random_uuid(), $1, 'user-' || lpad(n::text, 6, '0'), 'user' || n || '@shop.example', gen_random_uuid()
  from generate_series(1, $2::integer) n`;

const FLEX_USERS = `
  insert into flex_users (app_id, id, external_id, user_handle)
  select $1, gen_random_uuid(), passage_external_id, sha256(passage_external_id::bytea) from users`;

// By turns a synced passkey of Apple (20-byte credential ID), one of Google (32) and a security key (64), each with a
// public key of an ES256 COSE_Key's 77 bytes; every third of them was never used.
const DEVICES = `
  insert into devices (app_id, id, user_id, credential_id, public_key, algorithm, counter, aaguid, transports,
    attachment, backup_eligible, backed_up, attestation_format, friendly_name, usage_count, last_login_at, created_at,
    updated_at)
  select u.app_id, gen_random_uuid(), u.id, substring(sha512((u.id || n)::bytea) for size),
    substring(sha512((u.id || n)::bytea) || sha512(u.id::bytea) for 77), -7, 0, aaguid, transports, attachment, synced,
    synced, 'none', name, uses, case when uses > 0 then at + interval '41 days' end, at, at + n * interval '1 day'
  from flex_users u
  cross join generate_series(1, $1::integer) n
  join (values
    (0, 20, 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd', array['hybrid', 'internal'], 'platform', true, 'Apple Passwords', 17),
    (1, 32, 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4', array['hybrid', 'internal'], 'platform', true, 'My phone', 3),
    (2, 64, 'cb69481e-8ff7-4039-93ec-0a2729a154a8', array['nfc', 'usb'], 'cross-platform', false, 'Key on the ring', 0)
  ) kind (turn, size, aaguid, transports, attachment, synced, name, uses) on kind.turn = n % 3
  cross join lateral (select now() - interval '1 year' + n * interval '30 days' + random() * interval '20 days') t (at)`;
