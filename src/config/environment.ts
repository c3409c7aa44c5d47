import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { parseEnv } from 'node:util';
import { OperatorError } from '../errors/operator-error.js';

/** The settings are not fit to start with; `problems` has one sentence for each thing to set, and no secret. */
export class ConfigurationError extends OperatorError {
  constructor(readonly problems: readonly string[]) {
    super('invalid_settings', problems.join('\n'));
  }
}

/** What a process was told when it was started. An empty variable counts as unset. */
export class Environment {
  /** By `NODE_ENV`: `development` (also if unset), `test`, and every other value as production. */
  readonly kind: 'development' | 'test' | 'production';
  private readonly files = new Map<string, SecretFile>();

  constructor(private readonly variables: NodeJS.ProcessEnv) {
    const name = variables.NODE_ENV || 'development';
    this.kind = name === 'development' || name === 'test' ? name : 'production';
  }

  get isProduction(): boolean {
    return this.kind === 'production';
  }

  /** The names of all variables that are set, sorted. */
  get names(): string[] {
    return Object.keys(this.variables)
      .filter((name) => this.variables[name])
      .sort();
  }

  text(name: string): string | undefined {
    return this.variables[name] || undefined;
  }

  /** The name that a setting was given by, readable or not: `NAME` itself or `NAME_FILE`. */
  givenAs(name: string): string | undefined {
    return [name, `${name}_FILE`].find((it) => this.variables[it]);
  }

  /** The secret from `NAME` or from the file that `NAME_FILE` names; undefined if it has none or cannot be read. */
  secret(name: string): string | undefined {
    return this.text(`${name}_FILE`) === undefined ? this.text(name) : this.file(name).text;
  }

  /** Why the secret cannot be had from the file that `NAME_FILE` names, as a sentence. */
  fileProblem(name: string): string | undefined {
    return this.text(`${name}_FILE`) === undefined ? undefined : this.file(name).problem;
  }

  private file(name: string): SecretFile {
    const known = this.files.get(name);
    if (known) return known;
    const file: SecretFile = this.text(name)
      ? { problem: `Set either ${name} or ${name}_FILE, not both.` }
      : readSecretFile(name, this.text(`${name}_FILE`)!);
    this.files.set(name, file);
    return file;
  }
}

/**
 * Adds what the file `.env` in the working directory says to the environment of this process, which wins; in production
 * that file is not read. Throws a `ConfigurationError` if it cannot be read.
 */
export function loadEnvFile(): void {
  if (new Environment(process.env).isProduction) return;
  try {
    const told = parseEnv(readFileSync('.env', 'utf8'));
    for (const [name, text] of Object.entries(told)) process.env[name] ??= text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    throw new ConfigurationError([
      `Make .env in the working directory a readable file, or delete it (${code}).`,
    ]);
  }
}

/** The members of a comma list, without the spaces around them; an empty member stays, to be refused. */
export const splitList = (text: string): string[] => text.split(',').map((it) => it.trim());

const OLDEST_NODE = 24;

/** Throws a `ConfigurationError` on a Node that lacks what Keyway is built on. */
export function assertNodeVersion(version = process.versions.node): void {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return;
  throw new ConfigurationError([
    `Keyway runs on Node ${OLDEST_NODE} or newer, and this is Node ${version}: start it by npm (npm start, npx keyway), ` +
      'which uses the Node that npm ci installed with it.',
  ]);
}

const MAX_BYTES = 64 * 1024;

/** A secret out of a file, or the sentence that says why there is none. */
export interface SecretFile {
  readonly text?: string;
  readonly problem?: string;
}

/** Reads the file that `NAME_FILE` names: UTF-8, at most 64 KiB, without the newline at its end. */
export function readSecretFile(setting: string, path: string): SecretFile {
  const where = isPathLike(path) ? `the file ${path}` : 'a file';
  const refuse = (why: string) => ({ problem: `Set ${setting}_FILE to a readable file: ${where} ${why}.` });
  try {
    const file = statSync(path);
    // Also keeps a pipe that has no writer from holding up the start.
    if (!file.isFile()) return refuse('is not a regular file');
    if (file.size > MAX_BYTES) return refuse('is larger than 64 KiB');
    const text = decodeUtf8(readFileSync(path))?.replace(/[\r\n]+$/, '');
    if (text === undefined) return refuse('is not UTF-8 text');
    return text === '' ? refuse('is empty') : { text };
  } catch (error) {
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
}

/** The secret itself may stand where its path belongs. */
const isPathLike = (text: string): boolean =>
  (isAbsolute(text) || /^\.\.?\//.test(text)) && !/[\r\n]/.test(text);

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
