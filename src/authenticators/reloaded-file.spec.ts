import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ReloadedFile } from './reloaded-file.js';

const directory = mkdtempSync(join(tmpdir(), 'keyway-reloaded-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('a file that is read again when it changes', () => {
  let warned: jest.SpiedFunction<Logger['warn']>;
  beforeEach(() => {
    jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    warned = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  });
  afterEach(() => jest.restoreAllMocks());

  let files = 0;
  const aFile = (content: string, path = join(directory, `file-${(files += 1)}`)) => {
    writeFileSync(path, content);
    const read: string[] = [];
    const file = new ReloadedFile(path, async () => {
      const text = await readFile(path, 'utf8');
      if (text === '') throw new Error('It is empty.');
      read.push(text);
    });
    return { path, file, read };
  };

  it('is not read while it stays as it is', async () => {
    const { file, read } = aFile('one');
    for (let i = 0; i < 3; i++) await file.check();
    expect(read).toEqual([]);
  });

  it('is read once after it was written, or replaced by another file', async () => {
    const { path, file, read } = aFile('one');
    writeFileSync(path, 'other');
    for (let i = 0; i < 3; i++) await file.check();
    expect(read).toEqual(['other']);
    writeFileSync(`${path}.new`, 'third');
    renameSync(`${path}.new`, path);
    await file.check();
    expect(read).toEqual(['other', 'third']);
  });

  it('is read after a link further up leads elsewhere, as Kubernetes replaces a mount', async () => {
    const mount = join(directory, 'mount');
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(mount, version), { recursive: true });
      writeFileSync(join(mount, version, 'file'), version);
    }
    symlinkSync('v1', join(mount, '..data'));
    symlinkSync('..data/file', join(mount, 'file'));
    const read: string[] = [];
    const path = join(mount, 'file');
    const file = new ReloadedFile(path, async () => void read.push(await readFile(path, 'utf8')));
    symlinkSync('v2', join(mount, '..data.new'));
    renameSync(join(mount, '..data.new'), join(mount, '..data'));
    await file.check();
    expect(read).toEqual(['v2']);
  });

  it('is survived with one warning while it is empty or gone, and read when it is back', async () => {
    const { path, file, read } = aFile('one');
    writeFileSync(path, '');
    for (let i = 0; i < 3; i++) await file.check();
    expect(warned.mock.calls).toEqual([['It is empty. What was read before stays in use.']]);
    rmSync(path);
    for (let i = 0; i < 3; i++) await file.check();
    expect(warned).toHaveBeenCalledTimes(2);
    writeFileSync(path, 'back');
    await file.check();
    expect(read).toEqual(['back']);
    expect(warned).toHaveBeenCalledTimes(2);
  });

  it('is looked at each half minute from its start to its stop', async () => {
    jest.useFakeTimers();
    try {
      const { file } = aFile('one');
      const check = jest.spyOn(file, 'check');
      file.start();
      await jest.advanceTimersByTimeAsync(60_000);
      expect(check).toHaveBeenCalledTimes(2);
      await file.stop();
      await jest.advanceTimersByTimeAsync(60_000);
      expect(check).toHaveBeenCalledTimes(2);
    } finally {
      jest.useRealTimers();
    }
  });
});
