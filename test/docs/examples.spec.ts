import { buildKeyway } from '../e2e/build-keyway.js';
import { sweep } from '../e2e/keyway-process.js';
import { type DocumentedApplication, DocumentedDemo } from './documented-demo.js';
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
    const { whoSignedIn } = await demo.moduleIn<{ readonly whoSignedIn: (nonce: string) => Promise<object> }>(
      README,
      '@keyway/passage-flex-node',
    );
    expect(await whoSignedIn(await demo.nonceOf('ada'))).toMatchObject({
      externalId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      kind: 'register',
    });
    await expect(whoSignedIn('unknown')).rejects.toMatchObject({ errorCode: 'invalid_nonce' });
  });

  describe('of the sign-in', () => {
    const POST = '/sign-in/passkey';
    let application: DocumentedApplication;
    beforeAll(async () => {
      await demo.renewPasskeyOf('ada');
      application = await demo.application({ [`${demo.origin}/demo ada`]: 'Ada' });
    });

    const origin = () => demo.origin;
    const signedIn = () => [...application.sessions.values()].filter(({ user }) => user !== null);
    const post = (body: object, { sid, from = origin() }: { sid: string; from?: string }) =>
      application.ask('POST', POST, { sid, origin: from, body });

    it('sign the owner of a passkey in as the application’s own user, in a session with a new id', async () => {
      const { sid, state } = await application.visit();
      const { status, sid: renewed } = await post(await demo.proofFor(state), { sid });
      expect(status).toBe(204);
      expect(renewed).not.toBe(sid);
      expect(application.sessions.get(renewed)).toMatchObject({ user: 'Ada' });
      // An attacker who had set the visitor's cookie before knows a session that is no more.
      expect(application.sessions.has(sid)).toBe(false);
      expect(application.sessions.get(await demo.signIn(application))).toMatchObject({ user: 'Ada' });
    });

    it('refuse the nonce of a registration', async () => {
      const { sid, state } = await application.visit();
      const before = signedIn().length;
      expect((await post({ nonce: await demo.nonceOf('ada'), state }, { sid })).status).toBe(401);
      expect(signedIn()).toHaveLength(before);
    });

    it('refuse a request from another origin, and one without', async () => {
      const { sid, state } = await application.visit();
      const proof = await demo.proofFor(state);
      const before = signedIn().length;
      expect((await post(proof, { sid, from: 'https://evil.example' })).status).toBe(403);
      expect((await post(proof, { sid, from: 'null' })).status).toBe(403);
      expect((await application.ask('POST', POST, { sid, body: proof })).status).toBe(403);
      expect(signedIn()).toHaveLength(before);
    });

    it('refuse a value that is missing, wrong, of another session, or used before', async () => {
      const [visitor, attacker] = [await application.visit(), await application.visit()];
      const before = signedIn().length;
      for (const state of [undefined, null, '', 7, 'x', 'é'.repeat(43), attacker.state]) {
        const { sid, state: own } = await application.visit();
        const { nonce } = await demo.proofFor(own);
        expect((await post({ nonce, state }, { sid })).status).toBe(403);
      }
      // The attacker’s own proof, in the visitor’s browser.
      expect((await post(await demo.proofFor(attacker.state), { sid: visitor.sid })).status).toBe(403);
      expect(signedIn()).toHaveLength(before);
      const { sid, state } = await application.visit();
      expect((await post({ nonce: 'unknown', state }, { sid })).status).toBe(401);
      expect((await post(await demo.proofFor(state), { sid })).status).toBe(403);
      expect((await post({ nonce: 'x' }, { sid: '' })).status).toBe(403);
      expect(signedIn()).toHaveLength(before);
    });

    it('refuse a nonce that was used', async () => {
      const [one, other] = [await application.visit(), await application.visit()];
      const { nonce } = await demo.proofFor(one.state);
      expect((await post({ nonce, state: one.state }, one)).status).toBe(204);
      expect((await post({ nonce, state: other.state }, other)).status).toBe(401);
    });

    it('refuse an external ID that is tied to no identity, and an identity that the application does not know', async () => {
      const strangers = await demo.application({ 'undefined undefined': 'Nobody', 'null null': 'Nobody' });
      await expect(demo.signIn(strangers)).rejects.toThrow('The sign-in was refused.');
      await demo.addPasskeyTo('made-by-a-server');
      for (const each of [strangers, application]) {
        await expect(demo.signIn(each)).rejects.toThrow('The sign-in was refused.');
      }
      await demo.renewPasskeyOf('ada');
    });
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
