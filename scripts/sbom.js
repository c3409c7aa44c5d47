// Prints the bill of materials of the packages that stand in ./node_modules, as CycloneDX JSON: what npm knows of them by
// package-lock.json. Unlike npm's own bill it is the same whenever the packages are, and has what was installed, nothing else.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const installed = new Set(
  globSync(['node_modules/**/package.json'])
    // Others are parts of a package.
    .filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file))
    .map((file) => read(file))
    .map(({ name, version }) => `${name}@${version}`),
);

// Its own `--omit` leaves out what a package for development wants as well.
const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
const bill = JSON.parse(execFileSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 }));
const { name, version } = read('package.json');
const root = `${name}@${version}`;
const isThere = (ref) => ref === root || installed.has(ref);
bill.components = bill.components.filter((component) => isThere(component['bom-ref']));
for (const component of bill.components) {
  component.name = component['bom-ref'].replace(/@[^@]*$/, ''); // npm has a folder's in place of our own
  component.properties = component.properties.filter((it) => it.name !== 'cdx:npm:package:development');
}
bill.dependencies = bill.dependencies
  .filter(({ ref }) => isThere(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isThere) }));
const listed = new Set(bill.components.map((component) => component['bom-ref']));
const missing = [...installed].filter((ref) => !listed.has(ref));
if (missing.length > 0) throw new Error(`package-lock.json does not have ${missing.join(', ')}`);

// npm names the whole by its folder, and takes the time of day and a random number.
Object.assign(bill.metadata.component, { type: 'application', name });
delete bill.metadata.timestamp;
const digest = createHash('sha256').update(JSON.stringify(bill.components)).digest('hex');
const [, a, b, c, d, e] = /^(.{8})(.{4})(.{3})(.{3})(.{12})/.exec(digest);
bill.serialNumber = `urn:uuid:${a}-${b}-8${c}-8${d}-${e}`; // RFC 9562: version 8 is of one's own making
console.log(JSON.stringify(bill, null, 2));
