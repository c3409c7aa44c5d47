import type { StoredApp } from '../flex/apps/app.js';

/** A well-known document of an app, or null where the app has nothing to say in it. */
export type WellKnownDocument = (app: StoredApp) => object | null;

const ANDROID_ORIGIN = 'android:apk-key-hash:';
const ANDROID_RELATIONS = [
  'delegate_permission/common.handle_all_urls',
  'delegate_permission/common.get_login_creds',
];

/** Where password managers send a user who wants to add or manage a passkey (W3C, Passkey Endpoints). */
export const passkeyEndpoints: WellKnownDocument = ({
  passkeyEndpointsEnroll: enroll,
  passkeyEndpointsManage: manage,
}) =>
  enroll === null && manage === null
    ? null
    : { ...(enroll !== null && { enroll }), ...(manage !== null && { manage }) };

/** Origins on other domains that may use the RP ID (WebAuthn Level 3 §5.11). */
export const relatedOrigins: WellKnownDocument = ({ relatedOrigins: origins }) =>
  origins.length === 0 ? null : { origins };

/** Apps on Apple's systems that share the site's passkeys (associated domains, `webcredentials`). */
export const appleAppSiteAssociation: WellKnownDocument = ({ appleAppIds: apps }) =>
  apps.length === 0 ? null : { webcredentials: { apps } };

/** Android apps that share the site's passkeys (Digital Asset Links): each package, signed by any of the certificates. */
export const assetLinks: WellKnownDocument = ({ androidPackages, androidOrigins }) => {
  const fingerprints = androidOrigins.map(fingerprintOf);
  return androidPackages.length === 0
    ? null
    : androidPackages.map((name) => ({
        relation: ANDROID_RELATIONS,
        target: { namespace: 'android_app', package_name: name, sha256_cert_fingerprints: fingerprints },
      }));
};

/** The SHA-256 of a certificate as Digital Asset Links writes it: upper-case hexadecimal bytes, by colons. */
const fingerprintOf = (origin: string): string =>
  Buffer.from(origin.slice(ANDROID_ORIGIN.length), 'base64url')
    .toString('hex')
    .toUpperCase()
    .replace(/..(?=.)/g, '$&:');
