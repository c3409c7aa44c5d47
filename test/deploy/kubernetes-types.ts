import ts from 'typescript';
import type { Manifest } from './manifests.js';

const MODELS = 'kubernetes-models';

/** The module of a group's version: `policy/v1` is as it is, `v1` the core's. */
const moduleOf = ({ apiVersion }: Manifest): string => `${MODELS}/${apiVersion}`;

/**
 * What Kubernetes' own schema says against manifests: a member that it does not know, lacks, or has of another type. To the
 * compiler each is a literal of the type that the schema gives its kind; the values are then validated by the schema itself.
 */
export async function problemsOf(manifests: readonly Manifest[]): Promise<string[]> {
  const invalid = await Promise.all(manifests.map(invalidity));
  return [...compiled(manifests), ...invalid.flat()];
}

function compiled(manifests: readonly Manifest[]): string[] {
  const nameOf = ({ kind, metadata: { name } }: Manifest): string => `${kind} ${name}`;
  const files = new Map(
    manifests.map((manifest, index) => [
      `${process.cwd()}/test/deploy/manifest-${index}.ts`,
      {
        name: nameOf(manifest),
        text: `import type { I${manifest.kind} } from '${moduleOf(manifest)}';
export const manifest: I${manifest.kind} = ${JSON.stringify(manifest, null, 2)};\n`,
      },
    ]),
  );
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    types: [],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  host.fileExists = (file) => files.has(file) || onDisk.fileExists(file);
  host.readFile = (file) => files.get(file)?.text ?? onDisk.readFile(file);
  host.getSourceFile = (file, ...rest) => {
    const text = files.get(file)?.text;
    return text === undefined
      ? onDisk.getSourceFile(file, ...rest)
      : ts.createSourceFile(file, text, ts.ScriptTarget.ES2023);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const { name = 'the compiler' } = files.get(file?.fileName ?? '') ?? {};
    return `${name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

async function invalidity(manifest: Manifest): Promise<string[]> {
  const models = (await import(moduleOf(manifest))) as Record<
    string,
    new (data: object) => { validate(): void }
  >;
  try {
    new models[manifest.kind]!(manifest).validate();
    return [];
  } catch (error) {
    return [`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`];
  }
}
