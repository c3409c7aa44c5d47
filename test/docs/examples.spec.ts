import { buildKeyway } from '../e2e/build-keyway.js';
import { sweep } from '../e2e/keyway-process.js';
import { DocumentedDemo } from './documented-demo.js';
import { blocksOf } from './markdown.js';
import { differences } from './shape.js';

const PATIENCE = 240_000; // ms
const README = 'README.md';
const INTEGRATE = 'docs/integrate.md';
const REFERENCE = 'docs/reference.md';

describe('the examples of the documents', () => {
  let demo: DocumentedDemo;

  beforeAll(async () => {
    buildKeyway();
    demo = await DocumentedDemo.start();
  }, PATIENCE);
  afterAll(sweep);

  it('verify, on the server of README.md, who finished a ceremony, and throw for what proves nothing', async () => {
    const { whoSignedIn } = await demo.moduleIn<{ readonly whoSignedIn: (nonce: string) => Promise<string> }>(
      README,
      '@keyway/passage-flex-node',
    );
    expect(await whoSignedIn(await demo.nonceOf('ada'))).toMatch(/^[0-9a-f-]{36}$/);
    await expect(whoSignedIn('unknown')).rejects.toMatchObject({ errorCode: 'invalid_nonce' });
  });

  it('sign the owner of a passkey in, from the page over the server, and refuse every other sign-in', async () => {
    const externalId = await demo.renewPasskeyOf('ada');
    expect(await demo.signIn({ [externalId]: 'Ada' })).toEqual(['Ada']);
    await expect(demo.signIn({ 'another-user': 'Bob' })).rejects.toThrow('The sign-in was refused.');
    await expect(demo.signIn({ [externalId]: 'Ada' }, 'https://evil.example')).rejects.toThrow('was refused');
  });

  it('upgrade a login with a password to a passkey, once, and show nothing where that is refused', async () => {
    const bearer = await demo.tokenOf('upgraded');
    const nonce = await demo.upgrade(bearer);
    const body = { nonce };
    const verified = await demo.ask<object>('POST', '/passkey/verify', { body, bearer });
    expect(verified).toMatchObject({ username: 'upgraded', kind: 'register' });
    const { passkeys } = await demo.ask<{ passkeys: object[] }>('GET', '/user/devices', { bearer });
    expect(passkeys).toMatchObject([{ automatic: true }]);
    expect(await demo.upgrade('worn out')).toBeNull();
  });

  it.each([INTEGRATE, REFERENCE])(
    'answer as %s says: each request succeeds, or is refused as shown, with the members shown',
    async (file) => {
      await (file === INTEGRATE ? demo.renewPasskeyOf('ada') : demo.addPasskeyTo('user-1'));
      const blocks = blocksOf(file);
      for (const [index, block] of blocks.entries()) {
        if (block.info !== 'sh') continue;
        if (block.text.includes('$NONCE')) demo.shell.set('NONCE', await demo.nonceOf('ada'));
        const ran = await demo.shell.run(demo.here(block.text));
        const next = blocks[index + 1];
        const problems = next?.info === 'json' ? compare(next.text, ran) : unsuccessful(ran.statuses);
        expect({ example: `${file}:${block.line}`, problems }).toEqual({
          example: `${file}:${block.line}`,
          problems: [],
        });
      }
    },
    PATIENCE,
  );

  it('are run, but for those that are counted here', () => {
    const infosOf = (file: string) =>
      blocksOf(file)
        .map(({ info }) => info)
        .filter((info) => info !== 'sh' && info !== 'json');
    expect(infosOf(README)).toEqual(['', 'html', 'js']);
    expect(infosOf(INTEGRATE)).toEqual(['html', 'js', 'js', 'sh no-run', 'js', 'sh no-run']);
    expect(infosOf(REFERENCE)).toEqual(['sh no-run']);
    expect(blocksOf('docs/operate.md').filter(({ info }) => info === 'sh')).toEqual([]);
  });
});

const unsuccessful = (statuses: readonly number[]): string[] =>
  statuses.filter((status) => status >= 300).map((status) => `answered ${status}`);

/** Holds what a block did to the JSON that the document shows for it: shape, and for a refusal its code and status. */
function compare(
  example: string,
  { stdout, statuses }: { readonly stdout: string; readonly statuses: readonly number[] },
): string[] {
  const wanted = JSON.parse(example) as Readonly<Record<string, unknown>>;
  const found = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  if (!('code' in wanted)) return [...differences(wanted, found), ...unsuccessful(statuses)];
  const same = ['code', 'status'].filter((name) => wanted[name] !== found[name]);
  return [...differences(wanted, found), ...same.map((name) => `${name} is ${String(found[name])}`)];
}
