import { createSecretKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { fakeServer } from '../../test/support/fake-server.js';
import { aMetadataEntry, type BlobTraits, metadataBlob } from '../../test/support/metadata-blob.js';
import { newKey, TestAuthority } from '../../test/support/x509.js';
import { FidoMetadata } from './fido-metadata.js';

const MODEL = 'aaaaaaaa-0000-4000-8000-000000000001';
const KEY = 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334';

const directory = mkdtempSync(join(tmpdir(), 'keyway-fido-'));
afterAll(() => rmSync(directory, { recursive: true }));

const root = new TestAuthority('FIDO test root');
const publisher = root.authority('FIDO test publisher');
const vendor = new TestAuthority('Vendor');
const entry = aMetadataEntry({ aaguid: MODEL, roots: [vendor] });

let files = 0;
function load(blob: string, roots: readonly X509Certificate[] = [root.x509]): Promise<FidoMetadata> {
  const path = join(directory, `blob-${(files += 1)}.jwt`);
  writeFileSync(path, blob);
  return FidoMetadata.load(path, [...roots]);
}

const refuses = async (blob: string, why: RegExp, roots?: readonly X509Certificate[]) => {
  const refusal = expect(load(blob, roots)).rejects;
  await refusal.toThrow(/^FIDO_METADATA_FILE \/.+blob-\d+\.jwt cannot be used: .+\.$/);
  await expect(load(blob, roots)).rejects.toThrow(why);
};

describe('a FIDO metadata file', () => {
  let warned: jest.SpiedFunction<Logger['warn']>;
  beforeEach(() => {
    warned = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  });
  afterEach(() => warned.mockRestore());

  it('is optional, and without it no model is known', async () => {
    const metadata = await FidoMetadata.load(null);
    expect(metadata.ofAaguid(MODEL)).toBeNull();
    expect(metadata.ofAttestationKey(KEY)).toBeNull();
  });

  it('is read again when it has changed, and one that cannot be verified leaves the last one in use', async () => {
    jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const path = join(directory, 'replaced.jwt');
    writeFileSync(path, await metadataBlob(publisher, [entry]));
    const metadata = await FidoMetadata.load(path, [root.x509]);
    metadata.onApplicationBootstrap();
    const isCompromisedAfter = async (blob: string) => {
      writeFileSync(path, blob);
      jest.advanceTimersByTime(30_000);
      await metadata.onModuleDestroy();
      metadata.onApplicationBootstrap();
      return metadata.ofAaguid(MODEL)?.isCompromised;
    };
    try {
      expect(metadata.ofAaguid(MODEL)?.isCompromised).toBe(false);
      const revoked = await metadataBlob(publisher, [
        aMetadataEntry({ aaguid: MODEL, roots: [vendor], statuses: ['REVOKED'] }),
      ]);
      expect(await isCompromisedAfter(revoked)).toBe(true);
      expect(warned).not.toHaveBeenCalled();
      const forged = await metadataBlob(new TestAuthority('Somebody').authority('else'), [entry]);
      for (const broken of ['', revoked.slice(0, -9), forged]) {
        expect(await isCompromisedAfter(broken)).toBe(true);
      }
      expect(warned).toHaveBeenCalledTimes(3);
      expect(await isCompromisedAfter(await metadataBlob(publisher, []))).toBeUndefined();
      await metadata.onModuleDestroy();
    } finally {
      jest.useRealTimers();
    }
  });

  it('provides the roots of a model by its AAGUID, in either letter case', async () => {
    const spelled = aMetadataEntry({ aaguid: MODEL.toUpperCase(), roots: [vendor] });
    const metadata = await load(await metadataBlob(publisher, [aMetadataEntry({}), spelled]));
    const model = metadata.ofAaguid(MODEL);
    expect(model?.attestationRoots.map(({ raw }) => raw)).toEqual([vendor.x509.raw]);
    expect(model?.isCompromised).toBe(false);
    expect(metadata.ofAaguid('aaaaaaaa-0000-4000-8000-000000000002')).toBeNull();
    expect(warned).not.toHaveBeenCalled();
  });

  it('marks models that share a root', async () => {
    const [other, lone] = ['aaaaaaaa-0000-4000-8000-000000000002', 'aaaaaaaa-0000-4000-8000-000000000003'];
    const lonely = new TestAuthority('Lonely vendor');
    const entries = [
      aMetadataEntry({ aaguid: MODEL, roots: [vendor] }),
      aMetadataEntry({ aaguid: other, roots: [publisher, vendor] }),
      aMetadataEntry({ aaguid: lone, roots: [lonely, lonely] }),
    ];
    const metadata = await load(await metadataBlob(publisher, entries));
    const shares = [MODEL, other, lone].map((aaguid) => metadata.ofAaguid(aaguid)?.sharesRoots);
    expect(shares).toEqual([true, true, false]);
  });

  it('marks a model if its root certified a root of another model, and not a model that is listed twice', async () => {
    const [below, twice] = ['aaaaaaaa-0000-4000-8000-000000000004', 'aaaaaaaa-0000-4000-8000-000000000005'];
    const lonely = new TestAuthority('Lonely vendor');
    const entries = [
      aMetadataEntry({ aaguid: MODEL, roots: [vendor] }),
      aMetadataEntry({ aaguid: below, roots: [vendor.authority('Keys').authority('More keys')] }),
      ...[1, 2].map(() => aMetadataEntry({ aaguid: twice, roots: [lonely] })),
    ];
    const between = vendor.authority('Between');
    const deep = aMetadataEntry({ aaguid: below, roots: [between] });
    const one = await load(await metadataBlob(publisher, [entries[0]!, deep]));
    expect([MODEL, below].map((aaguid) => one.ofAaguid(aaguid)?.sharesRoots)).toEqual([true, false]);
    const other = await load(await metadataBlob(publisher, entries));
    expect(other.ofAaguid(twice)?.sharesRoots).toBe(false);
  });

  it.each([
    ['first', ['REVOKED', 'FIDO_CERTIFIED_L1']],
    ['last', ['FIDO_CERTIFIED_L1', 'REVOKED']],
  ])(
    'takes the worst status of a model that is listed twice, where the %s entry has it',
    async (_, statuses) => {
      const entries = statuses.flatMap((status) => [
        aMetadataEntry({ aaguid: MODEL, roots: [vendor], statuses: [status] }),
        aMetadataEntry({ keyIdentifiers: [KEY], roots: [vendor], statuses: [status] }),
      ]);
      const metadata = await load(await metadataBlob(publisher, entries));
      expect(metadata.ofAaguid(MODEL)?.isCompromised).toBe(true);
      expect(metadata.ofAttestationKey(KEY)?.isCompromised).toBe(true);
    },
  );

  it('keeps the roots of both entries of a model that is listed twice', async () => {
    const other = new TestAuthority('Other vendor');
    const entries = [vendor, other].map((it) => aMetadataEntry({ aaguid: MODEL, roots: [it] }));
    const metadata = await load(await metadataBlob(publisher, entries));
    const names = metadata.ofAaguid(MODEL)!.attestationRoots.map(({ subject }) => subject);
    expect(names).toEqual(['CN=Vendor', 'CN=Other vendor']);
  });

  it('ignores a root with a short key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const short = new TestAuthority('Short', {}, privateKey);
    const metadata = await load(
      await metadataBlob(publisher, [aMetadataEntry({ aaguid: MODEL, roots: [short, vendor] })]),
    );
    expect(metadata.ofAaguid(MODEL)!.attestationRoots.map(({ subject }) => subject)).toEqual(['CN=Vendor']);
  });

  it('provides the roots of a model by the identifier of its attestation key', async () => {
    const u2f = aMetadataEntry({ keyIdentifiers: [KEY.toUpperCase()], roots: [vendor] });
    const metadata = await load(await metadataBlob(publisher, [u2f]));
    expect(metadata.ofAttestationKey(KEY)?.attestationRoots).toHaveLength(1);
  });

  it('may end with a line break', async () => {
    const metadata = await load(`${await metadataBlob(publisher, [entry])}\n`);
    expect(metadata.ofAaguid(MODEL)).not.toBeNull();
  });

  it.each([
    'REVOKED',
    'USER_VERIFICATION_BYPASS',
    'ATTESTATION_KEY_COMPROMISE',
    'USER_KEY_REMOTE_COMPROMISE',
    'USER_KEY_PHYSICAL_COMPROMISE',
  ])('marks a model that was once %s as compromised', async (status) => {
    const statuses = ['FIDO_CERTIFIED', status, 'UPDATE_AVAILABLE', 'FIDO_CERTIFIED_L1'];
    const metadata = await load(await metadataBlob(publisher, [aMetadataEntry({ aaguid: MODEL, statuses })]));
    expect(metadata.ofAaguid(MODEL)?.isCompromised).toBe(true);
  });

  it('ignores a root that is not a certificate', async () => {
    const odd = {
      aaguid: MODEL,
      metadataStatement: {
        attestationRootCertificates: ['bm9uZQ==', vendor.certificate.toString('base64')],
      },
    };
    const metadata = await load(await metadataBlob(publisher, [odd]));
    expect(metadata.ofAaguid(MODEL)?.attestationRoots).toHaveLength(1);
  });

  it('is used after its nextUpdate date, with a warning', async () => {
    const blob = await metadataBlob(publisher, [entry], { payload: { no: 42, nextUpdate: '2026-01-31' } });
    expect((await load(blob)).ofAaguid(MODEL)).not.toBeNull();
    expect(warned.mock.calls).toEqual([
      ['FIDO_METADATA_FILE has number 42, which was to be replaced by 2026-01-31: put a newer one there.'],
    ]);
  });

  it('stops the start if it does not exist', () =>
    expect(FidoMetadata.load(join(directory, 'absent'))).rejects.toThrow(
      /^FIDO_METADATA_FILE .+absent cannot be used: it cannot be read\.$/,
    ));

  describe('a FIDO metadata file that cannot be trusted', () => {
    it.each(['', 'garbage', '{"entries":[]}', 'a.b.c', 'e30.e30.e30', '\u0000'])(
      'is refused when it is %j',
      (text) => refuses(text, /it is not a JWT with its certificates/),
    );

    it.each<[string, unknown]>([
      ['no certificates', undefined],
      ['an address in place of them', 'https://mds.fidoalliance.org/chain'],
      ['certificates that cannot be read', ['bm9uZQ==']],
      ['a list of something else', [7]],
    ])('is refused when its x5c header has %s', async (_, x5c) =>
      refuses(await metadataBlob(publisher, [entry], { header: { x5c } }), /it is not a JWT with its cert/),
    );

    const OTHERS = /expired or do not lead to a root/;
    it('is refused when its certificates do not lead to a root of the FIDO Alliance', async () => {
      const blob = await metadataBlob(publisher, [entry]);
      await refuses(blob, OTHERS, [vendor.x509]);
      await refuses(blob, OTHERS, []);
      await expect(load(await metadataBlob(new TestAuthority(root.name), [entry]))).rejects.toThrow(OTHERS);
      const path = join(directory, 'for-production.jwt');
      writeFileSync(path, blob);
      await expect(FidoMetadata.load(path)).rejects.toThrow(OTHERS);
    });

    it('is refused when one of its certificates has expired', async () => {
      const validity = { notBefore: new Date(0), notAfter: new Date(Date.now() - 1000) };
      const late = root.authority('Late', validity);
      await refuses(await metadataBlob(late, [entry]), OTHERS);
      const certificate = { ...validity };
      await refuses(await metadataBlob(publisher, [entry], { certificate }), OTHERS);
    });

    it('is refused when the same authority certified its signer for another host', async () => {
      for (const host of ['evil.example', 'x.mds.fidoalliance.org', '*.fidoalliance.org']) {
        await refuses(
          await metadataBlob(publisher, [entry], { host }),
          /not signed by mds\.fidoalliance\.org/,
        );
      }
    });

    it('is refused when its signature is by another key or over other data', async () => {
      await refuses(await metadataBlob(publisher, [entry], { signer: newKey() }), /signature is wrong/);
      const [header, , signature] = (await metadataBlob(publisher)).split('.');
      const payload = (await metadataBlob(publisher, [entry])).split('.')[1];
      await refuses(`${header}.${payload}.${signature}`, /signature is wrong/);
      await refuses(`${header}.${payload}.`, /signature is wrong/);
    });

    it('is refused when it has an HMAC signature or none', async () => {
      const secret = createSecretKey(randomBytes(32));
      const shared = await metadataBlob(publisher, [entry], { algorithm: 'HS256', signer: secret });
      await refuses(shared, /signature is wrong/);
      const { x5c } = JSON.parse(Buffer.from(shared.split('.')[0]!, 'base64url').toString()) as {
        x5c: string[];
      };
      const header = Buffer.from(JSON.stringify({ alg: 'none', x5c })).toString('base64url');
      await refuses(`${header}.${shared.split('.')[1]}.`, /signature is wrong/);
    });

    it.each<[string, BlobTraits['payload']]>([
      ['no object', []],
      ['no JSON', 'legal'],
      ['no number', { no: 'seven' }],
      ['no date', { nextUpdate: 'soon' }],
      ['an impossible date', { nextUpdate: '2026-13-45' }],
      ['no list of entries', { entries: {} }],
      ['an entry that is null', { entries: [null] }],
      ['an AAGUID that is not a text', { entries: [{ aaguid: 7 }] }],
      [
        'roots that are not texts',
        { entries: [{ metadataStatement: { attestationRootCertificates: [7] } }] },
      ],
      ['status reports that are not objects', { entries: [{ statusReports: ['REVOKED'] }] }],
    ])('is refused when it holds %s', async (_, payload) =>
      refuses(
        await metadataBlob(publisher, [], { payload }),
        /it is not in the form of metadata of version 3/,
      ),
    );
  });

  it('never causes a network request', async () => {
    const probe = await fakeServer((_request, response) => response.writeHead(404).end());
    const fetched = jest.spyOn(globalThis, 'fetch');
    try {
      const named = { revocationList: `${probe.url}/revoked.crl` };
      const top = new TestAuthority('Named root', named);
      const header = { x5u: `${probe.url}/revoked.crl`, jku: `${probe.url}/revoked.crl` };
      const blob = await metadataBlob(top.authority('Named', named), [entry], { header });
      await load(blob, [top.x509]);
      await load(blob).catch(() => undefined);
      await load(await metadataBlob(top, [], { header: { ...header, x5c: undefined } })).catch(
        () => undefined,
      );
      expect(probe.connections).toBe(0);
      expect(fetched).not.toHaveBeenCalled();
    } finally {
      fetched.mockRestore();
      await probe.close();
    }
  });
});
