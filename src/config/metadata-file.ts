import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { EnvironmentReader } from './environment-reader.js';

/** The absolute path of a file that can be read, or null. */
export function readMetadataFile(
  reader: EnvironmentReader,
  name: 'AUTHENTICATOR_METADATA_FILE' | 'FIDO_METADATA_FILE',
): string | null {
  const text = reader.text(name);
  if (text === undefined) return null;
  const path = resolve(text);
  if (isReadableFile(path)) return path;
  reader.report(`Set ${name} to the path of a readable file: ${path} is none.`);
  return null;
}

function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
