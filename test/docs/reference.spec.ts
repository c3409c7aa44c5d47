import { createProgram } from '../../src/cli/program.js';
import { SETTINGS } from '../../src/config/setting-names.js';
import { ERROR_TABLE, type ErrorRow } from '../../src/errors/error-table.js';
import type { AuditEventType } from '../../src/events/audit-event-types.js';
import { buildApp } from '../support/build-app.js';
import { routesOf } from '../support/routes.js';
import { chapterOf, codesIn, proseOf, tableOf } from './markdown.js';

const REFERENCE = 'docs/reference.md';

/** The types of audit events; the compiler refuses a list that lacks one. */
const EVENT_TYPES: Record<AuditEventType, true> = {
  'passkey.registered': true,
  'passkey.imported': true,
  'passkey.used': true,
  'passkey.renamed': true,
  'passkey.revoked': true,
  'passkey.refused': true,
  'passkey.clone_suspected': true,
  'passkey.backup_changed': true,
  'user.deleted': true,
  'user.linked': true,
  'user.unlinked': true,
  'user.identity_conflict': true,
  'step_up.refused': true,
};

describe('the reference', () => {
  it('lists every error code with the status, sentence and Flex code that the service answers with', () => {
    const documented = tableOf(chapterOf(REFERENCE, '## Error codes')).map((cells) => cells.slice(0, 4));
    const real = Object.entries<ErrorRow>(ERROR_TABLE).map(([code, { status, sentence, flex }]) => [
      `\`${code}\``,
      `${status}`,
      sentence,
      `${flex.status ? `${flex.status} ` : ''}\`${flex.code}\``,
    ]);
    expect(documented).toEqual(real);
  });

  it('names only error codes that exist', () => {
    const known = new Set(
      Object.entries<ErrorRow>(ERROR_TABLE).flatMap(([code, { flex }]) => [code, flex.code]),
    );
    const refusals = [
      "## The user's API",
      '## The Flex protocol, browser side',
      '## The Flex protocol, server side',
    ]
      .flatMap((heading) => tableOf(chapterOf(REFERENCE, heading)))
      .flatMap((cells) => codesIn(cells[3]!));
    expect(refusals.filter((code) => !known.has(code))).toEqual([]);
  });

  it('lists every route of the service, and no other', async () => {
    const app = await buildApp();
    try {
      const real = routesOf(app).flatMap(({ url, methods }) =>
        methods
          .filter((method) => method !== 'HEAD')
          .map((method) => `${method} ${url.replace(/\/$/, '').replace(/:(\w+)/g, '{$1}')}`),
      );
      const documented = codesIn(proseOf(REFERENCE)).filter(
        (code) => /^(GET|POST|PATCH|PUT|DELETE) \//.test(code) && !code.includes(' /demo'),
      );
      expect([...new Set(documented)].sort()).toEqual([...new Set(real)].sort());
    } finally {
      await app.close();
    }
  });

  it('lists every option of an app, and no other', () => {
    const documented = tableOf(chapterOf(REFERENCE, '### Settings of an app')).map(([option]) => option);
    const app = createProgram([], []).commands.find((command) => command.name() === 'app')!;
    const create = app.commands.find((command) => command.name() === 'create')!;
    // What is not a setting of the app itself.
    const others = ['--if-not-exists', '--json'];
    const real = create.options
      .filter(({ long }) => !others.includes(long!))
      .map(({ long }) => `\`${long}\``);
    expect(documented).toEqual(real);
  });

  it('lists every command, and no other', () => {
    const documented = tableOf(chapterOf(REFERENCE, '## The command line'))
      .flatMap(([commands]) => codesIn(commands!))
      .map((code) => code.split(' ')[0]!);
    const names = createProgram([], []).commands.map((command) => command.name());
    expect(names.filter((name) => !documented.includes(name))).toEqual([]);
  });

  it('lists every type of audit event, and no other', () => {
    const documented = tableOf(chapterOf(REFERENCE, '## Audit events')).map(([type]) => codesIn(type!)[0]);
    expect(documented.sort()).toEqual(Object.keys(EVENT_TYPES).sort());
  });
});

describe('the page for operators', () => {
  it('lists every setting, and no other', () => {
    const rows = tableOf(chapterOf('docs/operate.md', '## Settings'));
    const documented = rows.flatMap(([names]) => codesIn(names!));
    expect(documented.sort()).toEqual([...SETTINGS].sort());
  });
});
