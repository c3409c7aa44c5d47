import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'demo-secrets.json';
const BYTES = 32;

/** Secrets of the demo alone, 32 random bytes each. */
export interface DemoSecrets {
  readonly keywaySecret: Buffer;
  readonly tokenSecret: Buffer;
}

/** The secrets kept in this directory, made once however many start at the same time; or a sentence. */
export function keepDemoSecrets(directory: string): DemoSecrets | { readonly problem: string } {
  const path = join(directory, FILE);
  try {
    const secrets = parse(read(path) ?? make(directory, path));
    return (
      secrets ?? { problem: `Delete ${path}, so that the demo makes new secrets: it does not hold any.` }
    );
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return {
      problem: `Set DATA_DIR to a directory of your own: ${path} cannot be read or written (${code}).`,
    };
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes beside the file and links it into place: whoever sees it sees all of it, and whoever is second reads it. */
function make(directory: string, path: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  const secret = () => randomBytes(BYTES).toString('base64');
  try {
    const json = JSON.stringify({ keywaySecret: secret(), tokenSecret: secret() });
    writeFileSync(draft, `${json}\n`, { flag: 'wx', mode: 0o600, flush: true });
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(path, 'utf8');
}

function parse(json: string): DemoSecrets | undefined {
  try {
    const { keywaySecret, tokenSecret } = JSON.parse(json) as Partial<Record<keyof DemoSecrets, unknown>>;
    const [first, second] = [keywaySecret, tokenSecret].map((it) => Buffer.from(String(it), 'base64'));
    if (first?.length !== BYTES || second?.length !== BYTES || first.equals(second)) return undefined;
    return { keywaySecret: first, tokenSecret: second };
  } catch {
    return undefined;
  }
}
