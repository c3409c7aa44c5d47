import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppPolicies } from '../../src/flex/apps/app-policies.js';
import { AppsService } from '../../src/flex/apps/apps.service.js';
import { fakeServer } from '../support/fake-server.js';
import { aaguidExtension, androidKey, apple, packed, tpm } from '../support/attestation-statements.js';
import type { Configuration } from '../../src/config/configuration.js';
import { aReplicaOf, buildApp, buildAppOn, type TestApp } from '../support/build-app.js';
import type { CreateOverrides } from '../support/ceremony-overrides.js';
import { flexError } from '../support/flex-error.js';
import { withRoots } from '../support/known-roots.js';
import { aMetadataEntry, metadataBlob } from '../support/metadata-blob.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contentsButTrail, eventsOf, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { TestAuthority } from '../support/x509.js';

const MODEL = 'aaaaaaaa-0000-4000-8000-000000000001';
const OTHER_MODEL = 'aaaaaaaa-0000-4000-8000-000000000002';
const BROKEN_MODEL = 'aaaaaaaa-0000-4000-8000-000000000003';

/** The only one of its vendor. */
const LONE_MODEL = 'aaaaaaaa-0000-4000-8000-000000000004';

const fido = new TestAuthority('FIDO test root');
const vendor = new TestAuthority('Vendor');
const loneVendor = new TestAuthority('Lone vendor');
const keys = vendor.authority('Vendor keys');
/** A statement with a certificate for a model. */
const genuineFor = (aaguid: string) =>
  packed(keys, { certificate: { extensions: [aaguidExtension(aaguid)] } });
const genuine = genuineFor(MODEL);
/** By the same vendor, but for an unknown model. */
const unnamed = packed(keys);
const imitated = packed(new TestAuthority('Vendor').authority('Vendor keys'));

type Overrides = Partial<CreateOverrides>;

describe('attestation', () => {
  const directory = mkdtempSync(join(tmpdir(), 'keyway-attestation-'));
  const fidoMetadataFile = join(directory, 'blob.jwt');
  let app: TestApp;
  /** The same without FIDO metadata. */
  let blind: TestApp;

  beforeAll(async () => {
    const roots = [vendor];
    const entries = [
      aMetadataEntry({ aaguid: MODEL, roots }),
      aMetadataEntry({ aaguid: OTHER_MODEL, roots }),
      aMetadataEntry({ aaguid: BROKEN_MODEL, roots, statuses: ['FIDO_CERTIFIED', 'REVOKED'] }),
      aMetadataEntry({ aaguid: LONE_MODEL, roots: [loneVendor] }),
    ];
    writeFileSync(fidoMetadataFile, await metadataBlob(fido.authority('Publisher'), entries));
    app = await withRoots('mds', [fido], () => buildApp({ fidoMetadataFile }));
    blind = await aReplicaOf(app);
  });
  afterAll(async () => {
    await blind?.close();
    await app?.close();
    rmSync(directory, { recursive: true });
  });

  let users = 0;
  /** A registration that was begun, and what comes of finishing it with an authenticator of a model. */
  async function begin(tenant: Tenant) {
    const browser = tenant.browser();
    const begun = await browser.beginRegistration(await tenant.registerTransaction(`user-${(users += 1)}`));
    const finish = (aaguid: string, overrides: Overrides) => {
      const authenticator = new SoftwareAuthenticator({ aaguid, algorithms: [-7] });
      return browser.finish('register', begun.answer(authenticator, overrides));
    };
    return { ...begun, finish };
  }

  const register = async (tenant: Tenant, aaguid: string, overrides: Overrides) => {
    const { finish } = await begin(tenant);
    (await finish(aaguid, overrides)).expect();
    const rows = await sql<{ format: string; trust: string; aaguid: string }>(
      app,
      `select attestation_format as format, attestation_trust as trust, aaguid from devices
       where app_id = $1 order by created_at desc limit 1`,
      tenant.id,
    );
    return rows[0];
  };

  /** Refused for this reason, with one audit event and no other trace, so that it can still be finished well. */
  const refuses = async (tenant: Tenant, aaguid: string, overrides: Overrides, reason: string) => {
    const { finish } = await begin(tenant);
    const before = await contentsButTrail(app);
    const events = await eventsOf(app, async () => {
      const { status, body } = await finish(aaguid, overrides);
      expect([status, body]).toMatchObject([400, { code: 'invalid_request' }]);
    });
    expect(events).toMatchObject([{ type: 'passkey.refused', appId: tenant.id, reason, deviceId: null }]);
    expect(await contentsButTrail(app)).toEqual(before);
    return finish;
  };

  describe('is stored', () => {
    it.each<[string, string, string, Overrides]>([
      ['none', 'none', MODEL, {}],
      ['packed', 'untrusted', MODEL, { format: 'packed' }],
      ['packed', 'untrusted', MODEL, imitated],
      ['packed', 'trusted', MODEL, genuine],
      ['packed', 'untrusted', MODEL, unnamed],
      // The certificate of a TPM does not name its model, and would do for all of the vendor's.
      ['tpm', 'untrusted', MODEL, tpm(vendor)],
      ['tpm', 'trusted', LONE_MODEL, tpm(loneVendor)],
    ])('with a passkey of format %s and trust %s', async (format, trust, aaguid, overrides) => {
      const tenant = await Tenant.create(app, { attestation: 'direct' });
      expect(await register(tenant, aaguid, overrides)).toEqual({ format, trust, aaguid });
    });

    it('as untrusted without metadata, for an unknown model and for a revoked model', async () => {
      const untrusted = { trust: 'untrusted' };
      expect(await register(await Tenant.create(blind), MODEL, genuine)).toMatchObject(untrusted);
      const tenant = await Tenant.create(app);
      const stranger = 'aaaaaaaa-0000-4000-8000-00000000000f';
      expect(await register(tenant, stranger, genuineFor(stranger))).toMatchObject(untrusted);
      expect(await register(tenant, BROKEN_MODEL, genuineFor(BROKEN_MODEL))).toMatchObject(untrusted);
    });

    it.each([
      ['android-key', androidKey],
      ['apple', apple],
    ] as const)('as trusted for %s, with a built-in root that the metadata lists', async (format, make) => {
      const tenant = await Tenant.create(app, { attestation: 'direct' });
      const registered = await withRoots(format, [loneVendor], () =>
        register(tenant, LONE_MODEL, make(loneVendor.authority('Phones'))),
      );
      expect(registered).toMatchObject({ format, trust: 'trusted' });
    });
  });

  it('is requested as the app’s setting says', async () => {
    for (const attestation of ['none', 'direct', 'enterprise']) {
      const { publicKey } = await begin(await Tenant.create(app, { attestation }));
      expect(publicKey.attestation).toBe(attestation);
    }
  });

  it('is verified even if the app does not ask for it', async () => {
    const tenant = await Tenant.create(app, { attestation: 'none' });
    const broken = packed(vendor, { clientDataHash: Buffer.alloc(32) });
    await refuses(tenant, MODEL, broken, 'attestation_invalid');
  });

  describe('by a certificate that has expired', () => {
    const expired = packed(vendor, { certificate: { notBefore: new Date(0), notAfter: new Date(1) } });

    it('is stored as untrusted if the app does not ask for an attestation', async () => {
      const registered = await register(await Tenant.create(app), MODEL, expired);
      expect(registered).toMatchObject({ format: 'packed', trust: 'untrusted' });
    });

    it('is refused if the app asks, whether it did so at the start or does so now', async () => {
      const asking = await Tenant.create(app, { attestation: 'indirect' });
      await refuses(asking, MODEL, expired, 'attestation_invalid');
      for (const [first, then] of [
        ['direct', 'none'],
        ['none', 'direct'],
      ]) {
        const tenant = await Tenant.create(app, { attestation: first });
        const { finish } = await begin(tenant);
        await tenant.change('attestation', then);
        expect(flexError(await finish(MODEL, expired))).toBe('400 invalid_request');
      }
    });
  });

  describe('of a phone under an unknown root', () => {
    const phone = androidKey(new TestAuthority('Next root of Google').authority('Phones'));

    it('is stored as untrusted, even if the app asks for an attestation', async () => {
      for (const attestation of ['none', 'direct']) {
        const registered = await register(await Tenant.create(app, { attestation }), MODEL, phone);
        expect(registered).toMatchObject({ format: 'android-key', trust: 'untrusted' });
      }
    });

    it('is refused if the app requires trust', async () => {
      const tenant = await Tenant.create(app, { attestation: 'direct', attestation_trust: 'required' });
      await refuses(tenant, MODEL, phone, 'attestation_untrusted');
    });
  });

  describe('that has to be trusted', () => {
    const demanding = () => Tenant.create(app, { attestation: 'direct', attestation_trust: 'required' });

    it('is accepted from any model that FIDO metadata vouches for, and from nothing else', async () => {
      const tenant = await demanding();
      await refuses(tenant, MODEL, {}, 'attestation_untrusted');
      await refuses(tenant, MODEL, imitated, 'attestation_untrusted');
      await refuses(tenant, BROKEN_MODEL, genuineFor(BROKEN_MODEL), 'attestation_untrusted');
      const finish = await refuses(tenant, MODEL, { format: 'packed' }, 'attestation_untrusted');
      (await finish(MODEL, genuine)).expect();
      expect(await register(tenant, OTHER_MODEL, genuineFor(OTHER_MODEL))).toMatchObject({
        trust: 'trusted',
      });
    });

    it('is demanded of a registration that was begun when the app demanded it', async () => {
      const tenant = await demanding();
      const { finish } = await begin(tenant);
      await tenant.change('attestation_trust', 'optional');
      const events = await eventsOf(app, () => finish(MODEL, {}));
      expect(events).toMatchObject([{ type: 'passkey.refused', reason: 'attestation_untrusted' }]);
    });

    it('stops an operator who does not ask for it', async () => {
      const tenant = await Tenant.create(app);
      const apps = app.application.get(AppsService, { strict: false });
      await expect(apps.update(tenant.id, { attestationTrust: 'required' })).rejects.toMatchObject({
        code: 'invalid_app',
        message: 'Set the attestation to direct or enterprise: without it, none can be trusted.',
      });
      const changes = { attestation: 'direct', attestationTrust: 'required' } as const;
      expect(await apps.update(tenant.id, changes)).toMatchObject(changes);
    });
  });

  describe('with a list of allowed models', () => {
    const only = (...aaguids: string[]) =>
      Tenant.create(app, { attestation: 'direct', aaguid_allow: aaguids });

    it('accepts only models that an attestation proves', async () => {
      const tenant = await only(MODEL, BROKEN_MODEL);
      await refuses(tenant, MODEL, {}, 'attestation_untrusted');
      await refuses(tenant, MODEL, { format: 'packed' }, 'attestation_untrusted');
      await refuses(tenant, BROKEN_MODEL, genuineFor(BROKEN_MODEL), 'attestation_untrusted');
      await refuses(tenant, OTHER_MODEL, genuineFor(OTHER_MODEL), 'authenticator_not_allowed');
      // The key of the broken model would do for this one, where no certificate said whose it is.
      await refuses(tenant, MODEL, unnamed, 'attestation_untrusted');
      await refuses(tenant, MODEL, genuineFor(BROKEN_MODEL), 'attestation_invalid');
      const finish = await refuses(tenant, MODEL, imitated, 'attestation_untrusted');
      (await finish(MODEL, genuine)).expect();
    });

    it('accepts no passkey without metadata', async () => {
      const tenant = await Tenant.create(blind, { attestation: 'direct', aaguid_allow: [MODEL] });
      const { finish } = await begin(tenant);
      const events = await eventsOf(app, () => finish(MODEL, genuine));
      expect(events).toMatchObject([{ type: 'passkey.refused', reason: 'attestation_untrusted' }]);
      const { database, passage } = app.configuration;
      const warnings = async (changes: Partial<Configuration>) => {
        const restarted = await buildAppOn(database, { passage, ...changes });
        await restarted.close();
        return restarted.logLines.filter((line) => line.includes('FIDO_METADATA_FILE is not set'));
      };
      const trusting = await Tenant.create(blind, { attestation: 'direct', attestation_trust: 'required' });
      const warned = await warnings({});
      expect(warned).toEqual([expect.stringContaining(tenant.id)]);
      expect(warned).toEqual([expect.stringContaining(trusting.id)]);
      expect(await withRoots('mds', [fido], () => warnings({ fidoMetadataFile }))).toEqual([]);
      expect(blind.logLines.join()).not.toContain('FIDO_METADATA_FILE is not set');
    });

    it('applies to a registration that was begun before the list was set', async () => {
      const tenant = await Tenant.create(app, { attestation: 'direct' });
      const { finish } = await begin(tenant);
      await tenant.change('aaguid_allow', [OTHER_MODEL]);
      const events = await eventsOf(app, () => finish(MODEL, genuine));
      expect(events).toMatchObject([{ type: 'passkey.refused', reason: 'authenticator_not_allowed' }]);
    });

    it.each([
      ['is another', { aaguid_allow: [MODEL, OTHER_MODEL] }],
      ['is gone', { aaguid_allow: null }],
      ['has an exception', { aaguid_allow: [MODEL], aaguid_deny: [OTHER_MODEL] }],
    ])('refuses a registration that was begun under a list and is finished when it %s', async (_, lists) => {
      const tenant = await only(MODEL);
      const { finish } = await begin(tenant);
      for (const [column, value] of Object.entries(lists)) await tenant.change(column, value);
      const events = await eventsOf(app, () => finish(MODEL, genuine));
      expect(events).toMatchObject([{ type: 'passkey.refused', reason: 'aaguid_lists_changed' }]);
      await tenant.change('aaguid_allow', [MODEL]);
      await tenant.change('aaguid_deny', []);
      (await finish(MODEL, genuine)).expect();
    });
  });

  it('with a list of denied models refuses them, proven or not', async () => {
    const tenant = await Tenant.create(app, { aaguid_deny: [MODEL] });
    await refuses(tenant, MODEL, genuine, 'authenticator_not_allowed');
    const finish = await refuses(tenant, MODEL, {}, 'authenticator_not_allowed');
    (await finish(OTHER_MODEL, {})).expect();
  });

  it('has lists in lower case that an operator sets, the allowed ones only with direct attestation', async () => {
    const tenant = await Tenant.create(app);
    const apps = app.application.get(AppsService, { strict: false });
    await expect(apps.update(tenant.id, { aaguidAllow: [MODEL] })).rejects.toMatchObject({
      code: 'invalid_app',
      message: expect.stringMatching(/^Set the attestation to direct or enterprise/) as string,
    });
    await apps.update(tenant.id, { aaguidAllow: [MODEL], aaguidDeny: [OTHER_MODEL], attestation: 'direct' });
    const policies = app.application.get(AppPolicies, { strict: false });
    expect(await policies.get(tenant.id)).toMatchObject({
      attestation: 'direct',
      aaguidAllow: [MODEL],
      aaguidDeny: [OTHER_MODEL],
    });
    await apps.update(tenant.id, { aaguidAllow: null });
    expect(await policies.get(tenant.id)).toMatchObject({ aaguidAllow: null });
    for (const column of ['aaguid_allow', 'aaguid_deny']) {
      await expect(tenant.change(column, [MODEL.toUpperCase()])).rejects.toThrow(/check constraint/);
    }
  });

  it('requests no address from the certificates of a registration', async () => {
    const probe = await fakeServer((_request, response) => response.writeHead(404).end());
    try {
      const named = { revocationList: `${probe.url}/revoked.crl` };
      const forger = new TestAuthority('Forger', named).authority('Forger of keys', named);
      const tenant = await Tenant.create(app, { attestation: 'direct' });
      await refuses(
        tenant,
        MODEL,
        apple(forger, { certificate: named, withRoot: true }),
        'attestation_invalid',
      );
      for (const make of [packed, tpm, androidKey]) {
        const registered = await register(tenant, MODEL, make(forger, { withRoot: true }));
        expect(registered).toMatchObject({ trust: 'untrusted' });
      }
      expect(probe.connections).toBe(0);
    } finally {
      await probe.close();
    }
  });

  it('stops the start on a metadata file that the FIDO Alliance did not sign', async () => {
    const { database, passage } = app.configuration;
    await expect(buildAppOn(database, { passage, fidoMetadataFile })).rejects.toThrow(
      /^FIDO_METADATA_FILE .+blob\.jwt cannot be used: .+\.$/,
    );
  });
});
