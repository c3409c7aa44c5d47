import { randomBytes } from 'node:crypto';
import { Test } from '@nestjs/testing';
import { ConfigModule } from '../../src/config/config.module.js';
import { Database } from '../../src/database/database.js';
import { EventsModule } from '../../src/events/events.module.js';
import { ExportService } from '../../src/transfer/export.service.js';
import {
  type ImportOptions,
  ImportService,
  type ImportSummary,
  type RefusedRow,
} from '../../src/transfer/import.service.js';
import { readRows } from '../../src/transfer/formats/row-source.js';
import type { SourceRow } from '../../src/transfer/formats/transfer-row.js';
import type { TransferFormat } from '../../src/transfer/formats/transfer-format.js';
import { TransferModule } from '../../src/transfer/transfer.module.js';
import { aConfiguration, TEST, type TestApp } from './build-app.js';
import type { SoftwareAuthenticatorTraits } from './ceremony-overrides.js';
import { SoftwareAuthenticator } from './software-authenticator.js';
import {
  encodeCbor,
  generateCredentialKey,
  randomCredentialId,
  type SoftwareAlgorithm,
  type SoftwareCredential,
} from './software-credential.js';

type WithDatabase = Pick<TestApp, 'database'>;
type Row = Readonly<Record<string, unknown>>;

/** What an import answered, and every row that it refused. */
export interface ImportOutcome extends ImportSummary {
  readonly refusals: readonly RefusedRow[];
}

/** A passkey that was made elsewhere: the authenticator that holds it, and the row that tells of it. */
export interface ForeignPasskey {
  readonly authenticator: SoftwareAuthenticator;
  readonly credential: SoftwareCredential;
  readonly row: Row;
}

/** Makes a passkey as another server would have. The row has the user handle unless told otherwise. */
export function aForeignPasskey(
  externalId: string,
  {
    userHandle = randomBytes(16),
    algorithm = -7,
    traits = {},
    members = {},
  }: {
    userHandle?: Buffer;
    algorithm?: SoftwareAlgorithm;
    traits?: Partial<SoftwareAuthenticatorTraits>;
    members?: Row;
  } = {},
): ForeignPasskey {
  const authenticator = new SoftwareAuthenticator(traits);
  const credential: SoftwareCredential = {
    id: randomCredentialId(),
    algorithm,
    rpId: TEST.rpId,
    userId: userHandle.toString('base64url'),
    ...generateCredentialKey(algorithm),
    backupEligible: true,
    backedUp: true,
    counter: 0,
  };
  authenticator.credentials.push(credential);
  const row = {
    external_id: externalId,
    credential_id: credential.id.toString('base64url'),
    public_key: encodeCbor(credential.publicKey).toString('base64url'),
    user_handle: userHandle.toString('base64url'),
    ...members,
  };
  return { authenticator, credential, row };
}

/** Lines of JSON. */
export const toJsonl = (rows: readonly object[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** The bytes of a file in small pieces, as a stream gives them. */
export async function* piecesOf(file: string | Buffer, size = 1_000): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(file);
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
    await Promise.resolve();
  }
}

/** The services of the module on the test's database. */
async function servicesOn({ database }: WithDatabase): Promise<[ImportService, ExportService]> {
  const opened = { provide: Database, useValue: database };
  const databaseModule = { module: class {}, global: true, providers: [opened], exports: [Database] };
  const configuration = ConfigModule.forRoot(aConfiguration({ kind: 'embedded', directory: '' }));
  const imports = [databaseModule, configuration, EventsModule, TransferModule];
  const context = await Test.createTestingModule({ imports }).compile();
  return [context.get(ImportService), context.get(ExportService)];
}

/** Imports rows as they come into the test's app. */
export async function importSource(
  app: WithDatabase,
  rows: AsyncIterable<SourceRow>,
  options: ImportOptions = {},
): Promise<ImportSummary> {
  const [imports] = await servicesOn(app);
  return imports.import(TEST.appId, rows, options);
}

/** Imports a file into the test's app. */
export async function importFile(
  app: WithDatabase,
  file: string | Buffer | AsyncIterable<Buffer>,
  {
    format = 'jsonl',
    appId = TEST.appId,
    ...options
  }: ImportOptions & { format?: TransferFormat; appId?: string } = {},
): Promise<ImportOutcome> {
  const refusals: RefusedRow[] = [];
  const source = typeof file === 'string' || Buffer.isBuffer(file) ? piecesOf(file) : file;
  const [imports] = await servicesOn(app);
  const summary = await imports.import(appId, readRows(format, source), {
    onRefused: (refused) => void refusals.push(refused),
    ties: { isOwnApp: appId === TEST.appId, issuers: [TEST.issuer], issuer: TEST.issuer },
    ...options,
  });
  return { ...summary, refusals };
}

/** Imports rows of the canonical form into the test's app. */
export const importRows = (
  app: WithDatabase,
  rows: readonly object[],
  options: ImportOptions & { appId?: string } = {},
): Promise<ImportOutcome> => importFile(app, toJsonl(rows), options);

/** The lines of an export of the test's app. */
export async function* exportLines(app: WithDatabase, appId: string = TEST.appId): AsyncGenerator<string> {
  const [, exports] = await servicesOn(app);
  yield* exports.export(appId, TEST.appId);
}

/** The whole export of the test's app. */
export async function exportText(app: WithDatabase, appId?: string): Promise<string> {
  const lines: string[] = [];
  for await (const line of exportLines(app, appId)) lines.push(line);
  return lines.join('');
}

/** The same as rows. */
export const exportRows = async (app: WithDatabase, appId?: string): Promise<Record<string, unknown>[]> =>
  (await exportText(app, appId))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
