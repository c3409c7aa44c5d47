import type { AppRecord } from '../flex/apps/app.js';
import { algorithmName } from './app-options.js';
import { list, table, time } from './format.js';

const HEADINGS = ['id', 'name', 'RP ID', 'origins', 'users', 'passkeys', 'keys'];

/** One line for each app. */
export const appTable = (apps: readonly AppRecord[]): string =>
  table(
    HEADINGS,
    apps.map(({ id, name, rpId, origins, users, passkeys, keys }) => [
      id,
      name,
      rpId,
      origins.join(' '),
      users,
      passkeys,
      keys,
    ]),
  );

/** Everything about one app. */
export const appDetails = (app: AppRecord): string =>
  list([
    ['id', app.id],
    ['name', app.name],
    ['RP ID', app.rpId],
    ...lines('origins', app.origins),
    ...lines('related origins', app.relatedOrigins),
    ...lines('Android origins', app.androidOrigins),
    ...lines('top origins', app.topOrigins),
    ['frames in unknown pages', app.unknownFrames],
    ['user verification', app.userVerification],
    ['resident key', app.residentKey],
    ['attestation', app.attestation],
    ['trusted attestation', app.attestationTrust],
    ...lines('allowed AAGUIDs', app.aaguidAllow ?? ['any']),
    ...lines('denied AAGUIDs', app.aaguidDeny),
    ['changed backup flag', app.backupEligibilityChange],
    ['algorithms', app.algorithms.map(algorithmName).join(', ')],
    ['icons', app.icons],
    ['conditional create', app.conditionalCreate],
    ['passkeys per user', `at most ${app.maxPasskeysPerUser}`],
    ['step-up', app.stepUp],
    ['sign-in for step-up', `at most ${app.stepUpMaxAge} s ago`],
    ...lines('acr for step-up', app.stepUpAcr),
    ...lines('amr for step-up', app.stepUpAmr),
    ['last passkey', app.lastPasskey],
    ['unknown passkeys told', app.unknownCredential],
    ['page to add a passkey', app.passkeyEndpointsEnroll ?? 'none'],
    ['page to manage passkeys', app.passkeyEndpointsManage ?? 'none'],
    ...lines('Apple app IDs', app.appleAppIds),
    ...lines('Android packages', app.androidPackages),
    ...lines('webhook hosts', app.webhookHosts),
    ['ceremony timeout', seconds(app.ceremonyTimeout, 'that of the handshake')],
    ['handshake', seconds(app.handshakeTtl)],
    ['register transaction', seconds(app.registerTransactionTtl)],
    ['authenticate transaction', seconds(app.authenticateTransactionTtl)],
    ['nonce', seconds(app.nonceTtl)],
    ['users', `${app.users}`],
    ['passkeys', `${app.passkeys}`],
    ['devices without a key', `${app.legacyDevices}`],
    ['valid API keys', `${app.keys}`],
    ['created', time(app.createdAt)],
    ['changed', time(app.updatedAt)],
  ]);

/** The same for programs, with algorithms by the names that `--algorithms` takes. */
export const toJson = (app: AppRecord) => ({ ...app, algorithms: app.algorithms.map(algorithmName) });

/** The first value beside the name, the others below it. */
function lines(name: string, [first = 'none', ...others]: readonly string[]): [string, string][] {
  return [[name, first], ...others.map((other): [string, string] => ['', other])];
}

const seconds = (count: number | null, none = 'that of the service'): string =>
  count === null ? none : `${count} s`;
