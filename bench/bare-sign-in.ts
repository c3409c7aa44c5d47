/** The sign-in of the bare server: signed handshakes as Keyway has them, one statement that reads, one that writes. */
import {
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto';
import { type AuthenticationResponseJSON, verifyAuthenticationResponse } from '@simplewebauthn/server';
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { FIXTURE } from './fixture.ts';

interface Handshake {
  readonly appId: string;
  readonly challenge: string;
  readonly rpId: string;
  readonly expiresAt: number;
}

interface FinishBody {
  readonly handshake_id: string;
  readonly handshake_response: AuthenticationResponseJSON;
}

interface CredentialRow {
  readonly id: string;
  readonly user_id: string;
  readonly public_key: Buffer;
  readonly counter: string;
  readonly user_handle: Buffer;
  readonly rp_id: string;
  readonly origins: string[];
  readonly user_verification: string;
}

const FIND = {
  name: 'find',
  text: `select d.id, d.user_id, d.public_key, d.counter, u.user_handle, a.rp_id, a.origins, a.user_verification
    from devices d
    join flex_users u on u.app_id = d.app_id and u.id = d.user_id
    join apps a on a.id = d.app_id
    where d.app_id = $1 and d.credential_id = $2`,
};

// Each part takes its rows from the one before, so that none writes alone; a handshake that is spent already undoes all.
const SETTLE = {
  name: 'settle',
  text: `with owner as (
      select id from flex_users
      where app_id = $1 and id = $2 and status <> 'inactive' and to_timestamp($8) > now()
      for no key update),
    advanced as (
      update devices d set counter = $4, backed_up = $5, backup_eligible = coalesce(backup_eligible, $6),
        usage_count = usage_count + 1, last_login_at = now()
      from owner
      where d.app_id = $1 and d.id = $3 and d.user_id = owner.id and (counter < $4 or (counter = 0 and $4 = 0))
      returning d.user_id),
    counted as (
      update flex_users u set login_count = login_count + 1, last_login_at = now()
      from advanced where u.app_id = $1 and u.id = advanced.user_id
      returning u.id),
    spent as (
      insert into spent_handshakes (app_id, hash, expires_at) select $1, $7, to_timestamp($8) from counted
      returning 1),
    event as (
      insert into audit_events (id, type, app_id, user_id, device_id, address, user_agent, request_id)
      select $9, 'passkey.used', $1, $2, $3, $10, $11, $12 from spent)
    insert into nonces (hash, app_id, user_id, device_id, kind, expires_at)
    select $13, $1, $2, $3, 'authenticate', now() + make_interval(secs => ${FIXTURE.nonceLifetime}) from spent`,
};

const PATH = '/v1/apps/:app/authenticate/transactions/webauthn';

/** Adds start and finish of a discoverable sign-in. `secret` is 32 bytes, base64. */
export function addSignIn(fastify: FastifyInstance, pool: Pool, secret: string): void {
  const key = createSecretKey(secret, 'base64');

  fastify.post<{ Params: { app: string } }>(`${PATH}/start`, (request) => {
    const challenge = randomBytes(32).toString('base64url');
    const signed = signedPart(request.params.app, challenge);
    const publicKey = {
      challenge,
      rpId: FIXTURE.rpId,
      timeout: FIXTURE.handshakeLifetime * 1000,
      userVerification: 'required',
    };
    const id = `${signed}.${macOf(signed, key).toString('base64url')}`;
    return Promise.resolve({ handshake: { id, challenge: { publicKey } } });
  });

  fastify.post<{ Params: { app: string }; Body: FinishBody }>(`${PATH}/finish`, async (request) => {
    const { handshake_id, handshake_response: response } = request.body;
    const handshake = open(handshake_id, key);
    if (handshake.appId !== request.params.app) throw new Error('The handshake is of another app.');
    const credentialId = Buffer.from(response.id, 'base64url');
    const { rows } = await pool.query<CredentialRow>({ ...FIND, values: [handshake.appId, credentialId] });
    const row = rows[0]!;
    if (!row.user_handle.equals(Buffer.from(response.response.userHandle!, 'base64url'))) {
      throw new Error('The passkey is of another user.');
    }
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...response, clientExtensionResults: {} },
      expectedChallenge: handshake.challenge,
      expectedOrigin: row.origins,
      expectedRPID: row.rp_id,
      requireUserVerification: row.user_verification === 'required',
      credential: {
        id: response.id,
        publicKey: new Uint8Array(row.public_key),
        counter: Number(row.counter),
      },
    });
    if (!verified) throw new Error('The signature is wrong.');
    const nonce = randomBytes(32).toString('base64url');
    const { rowCount } = await pool.query({
      ...SETTLE,
      values: [
        handshake.appId,
        row.user_id,
        row.id,
        authenticationInfo.newCounter,
        authenticationInfo.credentialBackedUp,
        authenticationInfo.credentialDeviceType === 'multiDevice',
        sha256(handshake.challenge),
        handshake.expiresAt,
        uuidv7(),
        request.ip,
        request.headers['user-agent'] ?? null,
        randomUUID(),
        sha256(nonce),
      ],
    });
    if (rowCount !== 1) throw new Error('The user is inactive, or the counter did not rise.');
    return { nonce };
  });
}

function signedPart(appId: string, challenge: string): string {
  const now = Date.now();
  const content = {
    kind: 'authenticate',
    appId,
    challenge,
    transaction: null,
    rpId: FIXTURE.rpId,
    userVerification: 'required',
    algorithms: [-7, -8, -257],
    strict: ['refusesUnknownFrames'],
    issuedAt: now,
  };
  const expiresAt = Math.ceil(now / 1000) + FIXTURE.handshakeLifetime;
  return `kh1.${expiresAt}.${Buffer.from(JSON.stringify(content)).toString('base64url')}`;
}

function open(token: string, key: KeyObject): Handshake {
  const [version, expiresAt, payload, mac] = token.split('.');
  const expected = macOf(`${version}.${expiresAt}.${payload}`, key);
  if (!timingSafeEqual(expected, Buffer.from(mac!, 'base64url')))
    throw new Error('The handshake is not ours.');
  const content = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Omit<Handshake, 'expiresAt'>;
  return { ...content, expiresAt: Number(expiresAt) };
}

const macOf = (text: string, key: KeyObject): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
