import { globSync, readFileSync } from 'node:fs';
import { KEY_SET_REASONS } from '../../src/auth/key-set-source.js';
import { TOKEN_REASONS } from '../../src/auth/token-refusal.js';
import { DATABASE_REASONS } from '../../src/database/database-outage.js';
import { ERROR_TABLE, type ErrorRow } from '../../src/errors/error-table.js';
import { DELIVERY_PROBLEMS } from '../../src/events/delivery-problem.js';
import type { FinishRefusalReason } from '../../src/flex/ceremonies/finish-refusal.js';
import type { StepUpProblem } from '../../src/flex/step-up/step-up.repository.js';
import type { Obstacle } from '../../src/health/readiness.js';
import type { OutageReason } from '../../src/passage/remote/outage.js';
import type { ConflictReason } from '../../src/users/ties.js';
import type { RefusalReason } from '../../src/webauthn/ceremony-refusal.js';
import { chapterOf, codesIn, tableOf } from './markdown.js';

const PAGE = 'docs/codes.md';

const rowsOf = (heading: string) => tableOf(chapterOf(PAGE, heading));
const codesUnder = (heading: string) => rowsOf(heading).map(([code]) => codesIn(code!)[0]!);

/** The compiler refuses a list that lacks a member of the type, or has another. */
const membersOf = <Member extends string>(all: Record<Member, true>): string[] => Object.keys(all);

const OF_CEREMONIES = membersOf<RefusalReason | FinishRefusalReason>({
  malformed_response: true,
  malformed_client_data: true,
  malformed_cbor: true,
  malformed_authenticator_data: true,
  malformed_key: true,
  credential_id_mismatch: true,
  credential_id_too_long: true,
  user_handle_missing: true,
  user_handle_mismatch: true,
  user_handle_unknown: true,
  type_mismatch: true,
  challenge_mismatch: true,
  origin_not_allowed: true,
  cross_origin: true,
  top_origin_not_allowed: true,
  rp_id_mismatch: true,
  user_not_present: true,
  user_not_verified: true,
  backup_flags_invalid: true,
  backup_eligibility_changed: true,
  algorithm_not_offered: true,
  attestation_format_unsupported: true,
  attestation_invalid: true,
  signature_invalid: true,
  handshake_invalid: true,
  handshake_of_other_kind: true,
  handshake_of_other_app: true,
  handshake_expired: true,
  handshake_of_the_future: true,
  handshake_spent: true,
  rp_id_changed: true,
  aaguid_lists_changed: true,
  transaction_missing: true,
  conditional_create_off: true,
  credential_unknown: true,
  credential_not_allowed: true,
  credential_revoked: true,
  credential_id_in_use: true,
  clone_suspected: true,
  authenticator_not_allowed: true,
  attestation_untrusted: true,
});
const OF_STEP_UP = membersOf<StepUpProblem>({
  nonce_of_other_user: true,
  nonce_of_registration: true,
  nonce_of_other_act: true,
  nonce_of_other_passkey: true,
  nonce_spent: true,
  nonce_expired: true,
  user_not_active: true,
  user_not_verified: true,
  passkey_automatic: true,
  backup_eligibility_changed: true,
  passkey_too_young: true,
});
const OF_TIES = membersOf<ConflictReason>({
  external_id_taken: true,
  second_external_id: true,
  tie_undone: true,
});
const OF_THE_PROVIDER = membersOf<OutageReason>({
  provider_unreachable: true,
  provider_timeout: true,
  provider_failed: true,
  provider_unintelligible: true,
  provider_circuit_open: true,
  provider_on_hold: true,
  provider_throttled: true,
  provider_key_refused: true,
  provider_unexpected: true,
});
const OF_READINESS = membersOf<Obstacle | 'starting' | 'pool_lost'>({
  draining: true,
  database: true,
  read_only: true,
  starting: true,
  pool_lost: true,
});
/** Reasons of a busy database that no error of it has. */
const OF_OURSELVES = ['user_busy', 'changed_meanwhile'];

/** The code of the service, without its tests. */
const SOURCES = globSync('src/**/*.ts')
  .filter((file) => !file.endsWith('.spec.ts'))
  .map((file) => readFileSync(file, 'utf8'));
const found = (pattern: RegExp): string[] => [
  ...new Set(SOURCES.flatMap((text) => [...text.matchAll(pattern)].map(([, first]) => first!))),
];

describe('the page of codes and reasons', () => {
  it('says what to do about every error code, in the order of the reference, and no other', () => {
    expect(codesUnder('## Error codes')).toEqual(Object.keys(ERROR_TABLE));
  });

  it('lists every code of the Flex protocol with the codes that it stands for', () => {
    const [, second] = chapterOf(PAGE, '## Error codes').split('which has fewer of them:\n');
    const documented = tableOf(second!).map(([code, codes]) => [codesIn(code!)[0], codesIn(codes!)]);
    const real = new Map<string, string[]>();
    for (const [code, { flex }] of Object.entries<ErrorRow>(ERROR_TABLE)) {
      real.set(flex.code, [...(real.get(flex.code) ?? []), code]);
    }
    expect(documented).toEqual([...real]);
  });

  it.each([
    ['## Why a token was refused', [...TOKEN_REASONS]],
    ['## While keys are missing', [...KEY_SET_REASONS]],
    ['## Why a ceremony was refused', OF_CEREMONIES],
    ['## Why a step-up was refused', OF_STEP_UP],
    ['## Why an identity is not tied', OF_TIES],
    ['## Why a replica is not ready', OF_READINESS],
    ['## The other server', OF_THE_PROVIDER],
    ['## Webhooks', [...DELIVERY_PROBLEMS]],
  ])('explains every reason under "%s", and no other', (heading, reasons) => {
    expect(codesUnder(heading)).toEqual(reasons);
  });

  it('explains every reason of a failing database with the code that it has, and no other', () => {
    expect(codesUnder('## The database').sort()).toEqual([...DATABASE_REASONS, ...OF_OURSELVES].sort());
    for (const [, code] of rowsOf('## The database'))
      expect(Object.keys(ERROR_TABLE)).toContain(codesIn(code!)[0]);
  });

  it('has every reason that the code gives anywhere', () => {
    const given = [
      ...found(/new \w*(?:Refusal|MalformedResponse)\(\s*'([a-z_]+)'/g),
      ...found(/\breason: '([a-z_]+)'/g),
      ...found(/new KeySetError\(\s*'([a-z_]+)'/g),
    ];
    const all = codesIn(readFileSync(PAGE, 'utf8'));
    const rows = readFileSync('docs/import-format.md', 'utf8');
    // A row of an import, a public key in it, and the error code itself where nothing more is known.
    const elsewhere = (reason: string) =>
      rows.includes(`\`${reason}\``) || ['malformed', 'private', 'unsupported'].includes(reason);
    expect(given.length).toBeGreaterThan(60);
    expect(given.filter((reason) => !all.includes(reason) && !elsewhere(reason))).toEqual([]);
  });

  it('says of each what to do', () => {
    const text = readFileSync(PAGE, 'utf8');
    const rows = [...text.matchAll(/^\| `.*\|$/gm)].map(([row]) => row.split(/(?<!\\)\|/).at(-2)!);
    expect(rows.length).toBeGreaterThan(150);
    for (const advice of rows) expect(advice).toMatch(/\w{3}/);
  });

  describe('of the warnings of the log', () => {
    const documented = () => rowsOf('## Warnings of the log').map(([words]) => codesIn(words!)[0]!);

    it('has none that no source says', () => {
      const all = SOURCES.join('\n');
      expect(documented().filter((words) => !all.includes(words))).toEqual([]);
    });

    it('has every one that a source logs at warn or error', () => {
      const logged = found(
        /(?:log|Logger\([^)]*\))\s*\.(?:warn|error)\(\s*(?:\{[^}]*\},\s*)?['`]([^'`$]{8,})/g,
      );
      expect(logged.length).toBeGreaterThan(12);
      const known = documented();
      expect(
        logged.filter(
          (text) => !known.some((words) => text.startsWith(words) || words.startsWith(text.trim())),
        ),
      ).toEqual([]);
    });
  });

  it('has every code with which a command fails, and no other', () => {
    const thrown = [
      ...found(/new (?:OperatorError|PartlyDone)\(\s*'([a-z_]+)'/g),
      ...found(/\brefusal\(\s*'(file_[a-z_]+)'/g),
      'usage',
      'failed',
      'changed_meanwhile',
    ];
    expect(codesUnder('## The command line').sort()).toEqual([...new Set(thrown)].sort());
    const exits = Object.fromEntries(
      rowsOf('## The command line').map(([code, exit]) => [codesIn(code!)[0], exit]),
    );
    expect(exits).toMatchObject({ usage: '2', rows_refused: '3', failed: '1', checks_failed: '1' });
  });
});
