import { globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** An object of the cluster, as it stands in a file. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** A kustomization: what it puts together. */
export interface Kustomization {
  readonly apiVersion: string;
  readonly kind: string;
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly patches?: readonly {
    readonly path?: string;
    readonly patch?: string;
    readonly target?: { readonly kind: string; readonly name: string };
  }[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly envs: readonly string[] }[];
}

/** All documents of a YAML file; throws if one is no good, or says a key twice. */
export function documentsOf<T>(file: string): T[] {
  return parseAllDocuments(readFileSync(file, 'utf8'), { merge: true }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw new Error(`${file}: ${problem.message}`);
    return document.toJS() as T;
  });
}

/** A folder with a kustomization. */
export class Folder {
  readonly kustomization: Kustomization;

  constructor(readonly path: string) {
    [this.kustomization] = documentsOf<Kustomization>(join(path, 'kustomization.yaml')) as [Kustomization];
  }

  /** All that is in it, from the root of the repository. */
  get files(): string[] {
    return globSync(join(this.path, '*')).filter((file) => !file.endsWith('/kustomization.yaml'));
  }

  /** The files that the kustomization names, and the folders. */
  get named(): string[] {
    const { resources = [], components = [], patches = [], configMapGenerator = [] } = this.kustomization;
    return [
      ...resources,
      ...components,
      ...patches.flatMap(({ path = [] }) => path),
      ...configMapGenerator.flatMap(({ envs }) => envs),
    ].map((name) => this.pathOf(name));
  }

  /** Its objects, those of the folders that it builds upon before; with all merging patches. */
  build(): Manifest[] {
    return this.extend([]);
  }

  /** A component adds to what the folder has that uses it, and changes that. */
  private extend(built: Manifest[]): Manifest[] {
    const { resources = [], components = [], patches = [] } = this.kustomization;
    for (const name of resources) {
      const path = this.pathOf(name);
      built.push(...(name.endsWith('.yaml') ? documentsOf<Manifest>(path) : new Folder(path).build()));
    }
    for (const name of components) new Folder(this.pathOf(name)).extend(built);
    for (const { path } of patches) {
      if (path) documentsOf<Manifest>(this.pathOf(path)).forEach((patch) => apply(patch, built));
    }
    return built;
  }

  private pathOf(name: string): string {
    return normalize(join(this.path, name));
  }
}

/** Throws for a patch of what is not there. */
function apply(patch: Manifest, built: Manifest[]): void {
  const index = built.findIndex(
    ({ kind, metadata }) => kind === patch.kind && metadata.name === patch.metadata.name,
  );
  if (index < 0) throw new Error(`A patch is of ${patch.kind} ${patch.metadata.name}, which is not there.`);
  built[index] = merged(built[index], patch) as Manifest;
}

/** A strategic merge: members of lists that have a name are merged by it, other lists replaced. */
function merged(base: unknown, patch: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(patch) && patch.every(isNamed)) {
    const others = patch.filter(({ name }) => !base.some((it) => isNamed(it) && it.name === name));
    return [
      ...base.map((it) => merged(it, patch.find(({ name }) => name === (it as Named).name) ?? it)),
      ...others,
    ];
  }
  if (!isObject(base) || !isObject(patch)) return patch;
  const changed = Object.entries(patch).map(([key, value]) => [key, merged(base[key], value)]);
  return { ...base, ...Object.fromEntries(changed) };
}

interface Named {
  readonly name: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNamed = (value: unknown): value is Named => isObject(value) && typeof value.name === 'string';
