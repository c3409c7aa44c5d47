import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = process.cwd();
const PACKAGES = [
  {
    folder: 'node',
    name: '@keyway/passage-flex-node',
    settings: `{ appId: 'shop', apiKey: 'key', baseUrl: 'https://host/v1' }`,
  },
  { folder: 'browser', name: '@keyway/passage-flex-js', settings: `'shop', { baseUrl: '/v1' }` },
];

/** Code that uses both packages; what they must not accept is marked. */
const USER = `
import {
  ErrorStatusText, PassageFlex as Server, PassageError, PassageErrorCode,
  type CreateTransactionRegisterRequest, type PassageConfig, type PassageUser, type UserInfo, type WebAuthnDevices,
} from '@keyway/passage-flex-node';
import { type Hint, PassageFlex as Client, PassageError as ClientError } from '@keyway/passage-flex-js';

// As the originals let: what they return is the caller's to sort and change, arguments are built up.
export async function asBefore(server: Server, config: PassageConfig): Promise<WebAuthnDevices[]> {
  config.appId = 'shop';
  const request = {} as CreateTransactionRegisterRequest;
  request.externalId = 'ada';
  request.passkeyDisplayName = await server.createRegisterTransaction(request);
  const user: PassageUser & UserInfo = await server.getUser('ada');
  user.webauthnTypes.reverse();
  const devices: WebAuthnDevices[] = user.webauthnDevices;
  for (const device of devices.sort((one, other) => one.usageCount - other.usageCount)) {
    device.friendlyName = device.transports.sort().join();
    device.icons.light = device.icons.dark;
  }
  return devices;
}

export async function use(): Promise<string> {
  const server = new Server({ appId: 'shop', apiKey: 'key', baseUrl: 'https://host/v1' });
  const transaction: string = await server.auth.createRegisterTransaction('ada', 'Ada');
  const devices: WebAuthnDevices[] = await server.getDevices('ada');
  const used: Date | undefined = devices[0]?.lastLoginAt;
  // @ts-expect-error a server without a base URL
  new Server({ appId: 'shop', apiKey: 'key' });
  const { passkey } = new Client('shop', { baseUrl: '/v1' });
  // @ts-expect-error no such attachment
  await passkey.register(transaction, { authenticatorAttachment: 'usb' });
  // @ts-expect-error no such hint
  await passkey.register(transaction, { hints: ['phone'] });
  const hints: readonly Hint[] = ['security-key', 'hybrid'];
  await passkey.register(transaction, { hints });
  await passkey.authenticate({ transactionId: transaction, hints });
  try {
    return await passkey.authenticate({ isConditionalMediation: used !== undefined });
  } catch (error) {
    if (error instanceof ClientError && error.code === 'ceremony_aborted') return '';
    if (error instanceof PassageError && error.errorCode === PassageErrorCode.UserNotFound) return '';
    if (error instanceof PassageError && error.statusText === ErrorStatusText.UserNotFound) return '';
    throw error;
  }
}
`;

/** A project of somebody who has both packages installed, with nothing else of ours around. */
describe('the published clients', () => {
  let project: string;
  const packed: Record<string, string[]> = {};

  const run = (file: string, ...args: string[]): string =>
    execFileSync(file, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const node = (type: 'module' | 'commonjs', script: string): unknown =>
    JSON.parse(run(process.execPath, `--input-type=${type}`, '--eval', script));

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'keyway-clients-'));
    mkdirSync(join(project, 'node_modules/@keyway'), { recursive: true });
    // The registry's part: the one dependency.
    symlinkSync(join(ROOT, 'node_modules/@simplewebauthn'), join(project, 'node_modules/@simplewebauthn'));
    run(process.execPath, join(ROOT, 'scripts/build-packages.js'), join(project, 'built'));
    for (const { folder, name } of PACKAGES) {
      const source = join(project, 'source', folder);
      mkdirSync(source, { recursive: true });
      for (const file of ['package.json', 'README.md']) {
        cpSync(join(ROOT, 'packages', folder, file), join(source, file));
      }
      cpSync(join(project, 'built', folder), join(source, 'dist'), { recursive: true });
      const [tarball] = JSON.parse(run('npm', 'pack', source, '--json', '--ignore-scripts')) as [
        { filename: string; files: { path: string }[] },
      ];
      packed[folder] = tarball.files.map(({ path }) => path);
      const target = join(project, 'node_modules', name);
      mkdirSync(target);
      run('tar', '-xzf', tarball.filename, '-C', target, '--strip-components=1');
    }
    rmSync(join(project, 'built'), { recursive: true });
    rmSync(join(project, 'source'), { recursive: true });
  }, 120_000);
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it.each(PACKAGES)(
    '$name contains the build, types for both kinds of modules, and its README',
    ({ folder }) => {
      const files = packed[folder]!;
      expect(files.filter((file) => !file.startsWith('dist/')).sort()).toEqual(['README.md', 'package.json']);
      expect(files).toEqual(
        expect.arrayContaining(['dist/index.js', 'dist/index.cjs', 'dist/index.d.ts', 'dist/index.d.cts']),
      );
      expect(files.filter((file) => !/\.(js|cjs|d\.ts|d\.cts|json|md)$/.test(file))).toEqual([]);
    },
  );

  it.each(PACKAGES)('$name loads in Node as ESM and as CommonJS', ({ name, settings }) => {
    const says = `console.log(JSON.stringify([
      new PassageFlex(${settings}).constructor.name, new PassageError() instanceof Error]))`;
    const told = ['PassageFlex', true];
    expect(node('module', `import { PassageFlex, PassageError } from '${name}'; ${says}`)).toEqual(told);
    expect(node('commonjs', `const { PassageFlex, PassageError } = require('${name}'); ${says}`)).toEqual(
      told,
    );
  });

  it('have the names that the originals gave to codes, as values', () => {
    const says = `console.log(JSON.stringify([
      PassageErrorCode.AccessToken, PassageErrorCode.Nonce, PassageErrorCode.InvalidNonce, ErrorStatusText.UserNotFound]))`;
    const names = '{ ErrorStatusText, PassageErrorCode }';
    const told = ['invalid_access_token', 'invalid_nonce', 'invalid_nonce', 'user_not_found'];
    expect(node('module', `import ${names} from '@keyway/passage-flex-node'; ${says}`)).toEqual(told);
    expect(node('commonjs', `const ${names} = require('@keyway/passage-flex-node'); ${says}`)).toEqual(told);
  });

  it.each([
    ['nodenext', 'user.mts'],
    ['nodenext', 'user.cts'],
    ['bundler', 'user.ts'],
  ])(
    'have types that compile with moduleResolution %s in %s, declaration files included',
    (moduleResolution, file) => {
      const compilerOptions = {
        noEmit: true,
        strict: true,
        target: 'es2022',
        lib: ['es2022', 'dom'],
        types: [],
        module: moduleResolution === 'bundler' ? 'esnext' : moduleResolution,
        moduleResolution,
      };
      writeFileSync(join(project, file), USER);
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
      const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
      const { stdout } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' });
      expect(stdout).toBe('');
    },
  );
});
