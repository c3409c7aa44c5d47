import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';

const DIRECTORY = fileURLToPath(new URL('../../dist/elements/', import.meta.url));

/** One script of the elements. */
export interface ElementFile {
  readonly bytes: Buffer;
  /** The same, compressed with gzip. */
  readonly gzip: Buffer;
  readonly contentType: string;
}

/** The scripts of the elements as they were built with this server; read once. */
@Injectable()
export class ElementFiles {
  /** The version of the package and a hash of all contents: it changes with every byte. */
  readonly build: string;
  /** `integrity` of each script, by its name. */
  readonly integrity: Readonly<Record<string, string>>;
  readonly #files: ReadonlyMap<string, ElementFile>;

  constructor() {
    const { build, files } = readList();
    this.build = build;
    this.integrity = Object.fromEntries(Object.entries(files).filter(([name]) => name.endsWith('.js')));
    this.#files = new Map(Object.keys(files).map((name) => [name, read(name)]));
  }

  /** Undefined for any other name. */
  get(name: string): ElementFile | undefined {
    return this.#files.get(name);
  }
}

interface FileList {
  readonly build: string;
  readonly files: Readonly<Record<string, string>>;
}

/** A checkout that was not built yet serves none. */
function readList(): FileList {
  const path = `${DIRECTORY}files.json`;
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as FileList) : { build: '', files: {} };
}

function read(name: string): ElementFile {
  return {
    bytes: readFileSync(DIRECTORY + name),
    gzip: readFileSync(`${DIRECTORY}${name}.gz`),
    contentType: name.endsWith('.js') ? 'text/javascript; charset=utf-8' : 'application/json; charset=utf-8',
  };
}
