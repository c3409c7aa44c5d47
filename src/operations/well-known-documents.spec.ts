import type { StoredApp } from '../flex/apps/app.js';
import {
  appleAppSiteAssociation,
  assetLinks,
  passkeyEndpoints,
  relatedOrigins,
} from './well-known-documents.js';

const NOTHING = {
  passkeyEndpointsEnroll: null,
  passkeyEndpointsManage: null,
  relatedOrigins: [],
  appleAppIds: [],
  androidPackages: [],
  androidOrigins: [],
} as unknown as StoredApp;
const of = (fields: Partial<StoredApp>): StoredApp => ({ ...NOTHING, ...fields });

describe('well-known documents', () => {
  it.each([
    ['passkey endpoints', passkeyEndpoints],
    ['related origins', relatedOrigins],
    ['the site association of Apple', appleAppSiteAssociation],
    ['asset links', assetLinks],
  ])('do not exist where an app has nothing to say: %s', (_name, document) => {
    expect(document(NOTHING)).toBeNull();
  });

  it('name only the page that there is', () => {
    const enroll = 'https://example.com/add';
    expect(passkeyEndpoints(of({ passkeyEndpointsEnroll: enroll }))).toEqual({ enroll });
    expect(passkeyEndpoints(of({ passkeyEndpointsManage: enroll }))).toEqual({ manage: enroll });
  });

  it('write the certificates of Android origins as hexadecimal bytes, for each package', () => {
    const hash = Buffer.from(Array.from({ length: 32 }, (_, i) => i * 8)).toString('base64url');
    const fingerprint =
      '00:08:10:18:20:28:30:38:40:48:50:58:60:68:70:78:80:88:90:98:A0:A8:B0:B8:C0:C8:D0:D8:E0:E8:F0:F8';
    const target = (name: string) => ({
      namespace: 'android_app',
      package_name: name,
      sha256_cert_fingerprints: [fingerprint],
    });
    const links = assetLinks(
      of({
        androidPackages: ['com.example.app', 'com.example.beta'],
        androidOrigins: [`android:apk-key-hash:${hash}`],
      }),
    );
    expect(links).toMatchObject([
      { target: target('com.example.app') },
      { target: target('com.example.beta') },
    ]);
  });
});
