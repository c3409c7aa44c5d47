#!/usr/bin/env node
/**
 * Writes down what the version that was built into `dist` asks of its schema: its migrations and the text of its statements.
 * `test/integration/side-by-side.spec.ts` holds the schema of the next version to them. Run it when a version is released.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..');
const DIST = process.argv[2] ?? join(ROOT, 'dist');
const OUT = join(ROOT, 'test/integration/released.json');

// Statements are constants of their files: each is seen as it is made.
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith('/database/query.js')) return loaded;
    const source = String(loaded.source).replace(
      'constructor(name, build) {',
      '$& (globalThis.made ??= []).push(this);',
    );
    return { ...loaded, source };
  },
});

const load = (path) => import(pathToFileURL(path).href);
const files = readdirSync(DIST, { recursive: true }).filter((path) => path.endsWith('.repository.js'));
for (const file of files) await load(join(DIST, file));
const { PreparedQueries } = await load(join(DIST, 'database/query.js'));
const { migrations } = await load(join(DIST, 'database/migrations.js'));
const { version } = JSON.parse(readFileSync(join(DIST, '../package.json'), 'utf8'));

const { builder } = new PreparedQueries('public');
const statements = globalThis.made
  .map((query) => [query.name, query.prepare(builder)({}).text.replaceAll('"public".', '')])
  .sort(([one], [other]) => (one < other ? -1 : 1));
writeFileSync(
  OUT,
  `${JSON.stringify({ version, migrations: migrations.map(({ name }) => name), statements: Object.fromEntries(statements) }, null, 2)}\n`,
);
console.log(`${OUT}: ${statements.length} statements of ${version}.`);
