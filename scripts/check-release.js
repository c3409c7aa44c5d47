// Checks that all that is published from a tag has its version: `check-release.js v1.2.3`. Prints the version's chapter of the
// changelog; fails with a line for each place that says otherwise. Works on the files of the working directory.
import { globSync, readFileSync } from 'node:fs';

const [tag = ''] = process.argv.slice(2);
const version = /^v(\d+\.\d+\.\d+(?:-[\w.]+)?)$/.exec(tag)?.[1];
if (version === undefined) fail([`"${tag}" is not the tag of a version, such as v1.2.3.`]);

const text = (file) => readFileSync(file, 'utf8');
const json = (file) => JSON.parse(text(file));
const own = globSync('packages/*/package.json').sort();
const names = new Set(own.map((file) => json(file).name));
const inText = (file, pattern) => [file, pattern.exec(text(file))?.[1]];
const changelog = text('CHANGELOG.md');

const places = [
  ...['package.json', ...own].map((file) => [file, json(file).version]),
  // One package depends on another in the version of its own.
  ...own.flatMap((file) =>
    Object.entries(json(file).dependencies ?? {})
      .filter(([name]) => names.has(name))
      .map(([name, wanted]) => [`${file}, ${name}`, wanted]),
  ),
  inText('CHANGELOG.md', /^## (\d\S*) \(\d{4}-\d\d-\d\d\)$/m),
  inText('Dockerfile', /image\.version="(.*)"/),
  inText('deploy/compose.env.example', /^#IMAGE=.*:(.*)$/m),
  inText('deploy/kubernetes/example/kustomization.yaml', /newTag: (.*)$/m),
];
fail(places.flatMap(([place, found]) => (found === version ? [] : `${place}: ${found}, not ${version}`)));

const unreleased = /^## Unreleased\n([^]*?)^## /m.exec(changelog)?.[1].trim();
if (unreleased) fail(['CHANGELOG.md: something is under Unreleased still']);
const chapter = changelog.split(/^## /m).find((it) => it.startsWith(`${version} `));
console.log(chapter.slice(chapter.indexOf('\n')).trim());

function fail(lines) {
  if (lines.length === 0) return;
  console.error(lines.join('\n'));
  process.exit(1);
}
