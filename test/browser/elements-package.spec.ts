import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const PACKAGE = fileURLToPath(new URL('../../packages/elements/', import.meta.url));
const DIST = join(PACKAGE, 'dist');

interface Described {
  readonly tagName: string;
  readonly attributes: readonly { readonly name: string }[];
  readonly events: readonly { readonly name: string }[];
  readonly members: readonly { readonly name: string }[];
  readonly slots: readonly { readonly name: string }[];
  readonly cssParts: readonly { readonly name: string }[];
  readonly cssProperties: readonly { readonly name: string }[];
}

const manifest = JSON.parse(readFileSync(join(PACKAGE, 'custom-elements.json'), 'utf8')) as {
  modules: { declarations: [Described] }[];
};
const [table, signIn] = manifest.modules.map(({ declarations }) => declarations[0]) as [Described, Described];
const names = (of: readonly { readonly name: string }[]) => of.map(({ name }) => name).sort();
const unique = (all: readonly string[]) => [...new Set(all)].sort();

const read = (path: string) => readFileSync(join(PACKAGE, path), 'utf8');
const sources = (...folders: string[]) =>
  folders.flatMap((folder) =>
    readdirSync(join(PACKAGE, 'src', folder), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => read(join('src', folder, name))),
  );

/** A script with all that it imports before it runs, in bytes as a server compresses it. */
function sizeOf(script: string): number {
  const text = readFileSync(join(DIST, script), 'utf8');
  const imported = [...text.matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g)].map(([, name]) => name!);
  return gzipSync(text, { level: 9 }).length + imported.reduce((sum, name) => sum + sizeOf(name), 0);
}

describe('the package of the elements', () => {
  it('shows the list with at most 15 kB of script, and signs in with at most 12', () => {
    expect(sizeOf('passkey-table.js')).toBeLessThanOrEqual(15_000);
    expect(sizeOf('passkey-sign-in.js')).toBeLessThanOrEqual(12_000);
  });

  it('can be imported where there is no DOM, as a server does that renders pages', () => {
    const code = `const { PasskeyTableElement } = await import('@keyway/elements');
      console.log(typeof PasskeyTableElement, typeof HTMLElement);`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: PACKAGE,
      encoding: 'utf8',
    });
    expect(output).toBe('function undefined\n');
  });

  it('has a file for each of its languages, all of them with the same texts', async () => {
    const codes = readdirSync(join(DIST, 'lang')).filter((name) => name.endsWith('.js'));
    expect(codes.map((name) => name.slice(0, 2)).sort()).toEqual(
      ['ar', 'de', 'es', 'fr', 'it', 'ja', 'nl', 'pl', 'pt', 'tr', 'zh'].sort(),
    );
    const placeholders = (text: unknown) => unique(JSON.stringify(text).match(/\{\w+\}/g) ?? []);
    const tableOf = async (name: string) => {
      const file = (await import(join(DIST, 'lang', name))) as {
        default: { table: Record<string, unknown> };
      };
      return file.default.table;
    };
    const german = await tableOf('de.js');
    for (const name of codes) {
      for (const [key, text] of Object.entries(await tableOf(name))) {
        if (key === 'found') continue; // Arabic has words for one and two.
        expect([name, key, placeholders(text)]).toEqual([name, key, placeholders(german[key])]);
      }
    }
  });
});

describe('custom-elements.json', () => {
  it('names every attribute that the elements observe', () => {
    const observed = (path: string) =>
      /observedAttributes = \[([^\]]*)\]/
        .exec(read(path))![1]!
        .match(/[\w-]+/g)!
        .sort();
    expect(names(table.attributes)).toEqual(observed('src/passkey-table.ts'));
    expect(names(signIn.attributes)).toEqual(observed('src/passkey-sign-in.ts'));
  });

  it('names every event', () => {
    const events = (path: string) => unique(read(path).match(/(?<=readonly ')passkeys?-[a-z]+(?=':)/g)!);
    expect(names(table.events)).toEqual(events('src/table/events.ts'));
    expect(names(signIn.events)).toEqual(events('src/sign-in/events.ts'));
  });

  it('names every property and method', () => {
    const members = (path: string) =>
      unique(
        [...read(path).matchAll(/^ {2}(?:get |async )?(\w+)\([^)]*\)?.*\{$/gm)]
          .map(([, name]) => name!)
          .filter((name) => !/Callback$|^constructor$|^set$/.test(name)),
      );
    expect(names(table.members)).toEqual(members('src/passkey-table.ts'));
    expect(names(signIn.members)).toEqual(members('src/passkey-sign-in.ts'));
  });

  it('names every part', () => {
    const parts = (texts: readonly string[]) => {
      const all = texts.join('\n');
      const given = [...all.matchAll(/part: '([^']+)'/g)].flatMap(([, value]) => value!.split(' '));
      const buttons = [...all.matchAll(/actionButton\(\s*'([\w-]+)'/g)].map(
        ([, action]) => `${action}-button`,
      );
      return { given, buttons };
    };
    const shared = parts([read('src/announcer.ts')]).given;
    const ofTable = parts(sources('table'));
    // Made from data: the buttons of a message.
    const ofMessages = ['retry-button', 'dismiss-button', 'cancel-button'];
    expect(names(table.cssParts)).toEqual(
      unique([...ofTable.given, ...shared, 'button', ...ofTable.buttons, ...ofMessages]),
    );
    const ofSignIn = parts(sources('sign-in'));
    expect(names(signIn.cssParts)).toEqual(
      unique([...ofSignIn.given, ...shared, 'button', ...ofSignIn.buttons]),
    );
  });

  it('names every slot and every custom property', () => {
    const slots = sources('table').flatMap((text) => [...text.matchAll(/'slot', \{ name: '(\w+)' \}/g)]);
    expect(names(table.slots)).toEqual(unique(slots.map(([, name]) => name!)));
    const styles = read('src/style-sheet.ts');
    const colors = [...styles.matchAll(/^ {2}'?([\w-]+)'?: \['#/gm)].map(([, name]) => `--keyway-${name}`);
    const others = styles.match(/--keyway-[a-z][\w-]*/g)!;
    for (const element of [table, signIn])
      expect(names(element.cssProperties)).toEqual(unique([...colors, ...others]));
  });

  it('is what the README says, name by name', () => {
    const readme = read('README.md');
    for (const { attributes, events, members, slots, cssParts, cssProperties } of [table, signIn]) {
      for (const list of [attributes, events, members, slots, cssParts, cssProperties]) {
        for (const { name } of list) if (name !== '') expect(readme).toContain(`\`${name}`);
      }
    }
  });
});
