import { randomBytes } from 'node:crypto';
import { embeddedPassageOf } from './configuration.js';
import { Environment } from './environment.js';
import { readPassage } from './passage-settings.js';

const bytes = randomBytes(32);
const KEYWAY_SECRET = bytes.toString('base64');
const read = (env: NodeJS.ProcessEnv) => {
  const { groups, settings } = readPassage(new Environment({ APP_ID: 'shop', KEYWAY_SECRET, ...env }));
  const problems = groups.flatMap((group) => group.problems);
  return { passage: problems.length === 0 ? settings() : undefined, problems };
};
const embedded = (env: NodeJS.ProcessEnv) => {
  const { passage } = read(env);
  return passage && embeddedPassageOf({ passage });
};
const refuses = (env: NodeJS.ProcessEnv, sentence: RegExp) =>
  expect(read(env).problems).toEqual([expect.stringMatching(sentence)]);

describe('KEYWAY_SECRET', () => {
  it('is required', () =>
    refuses({ KEYWAY_SECRET: '' }, /^Set KEYWAY_SECRET to 32 random bytes or more in base64/));

  it('accepts base64 and base64url, padded or not', () => {
    const secret = Buffer.concat([Buffer.from([0xfb, 0xff, 0xfe]), bytes]);
    const spellings = [
      secret.toString('base64'),
      secret.toString('base64url'),
      `${secret.toString('base64url')}=`,
    ];
    for (const text of spellings) expect(embedded({ KEYWAY_SECRET: text })?.secrets).toEqual([secret]);
  });

  it('accepts a list for rotation, the signing secret first', () => {
    const older = randomBytes(48);
    const passage = embedded({ KEYWAY_SECRET: `${KEYWAY_SECRET}, ${older.toString('base64url')}` });
    expect(passage?.secrets).toEqual([bytes, older]);
  });

  it.each([
    ['short', randomBytes(31).toString('base64')],
    ['not base64', `${'correct horse battery staple '.repeat(3)}`],
    ['cut in the middle', `${KEYWAY_SECRET.slice(0, 20)}\n${KEYWAY_SECRET.slice(20)}`],
  ])('refuses a text that is %s', (_what, text) =>
    refuses({ KEYWAY_SECRET: text }, /^Set KEYWAY_SECRET to 32 random bytes/),
  );

  it('refuses repetitive bytes', () =>
    refuses({ KEYWAY_SECRET: Buffer.alloc(32, 'secret').toString('base64') }, /too monotonous/));

  it('is refused with the position of the wrong entry', () =>
    refuses({ KEYWAY_SECRET: `${KEYWAY_SECRET},` }, /^Set entry 2 of KEYWAY_SECRET/));

  it('refuses the same secret twice in different encodings', () =>
    refuses({ KEYWAY_SECRET: `${KEYWAY_SECRET},${bytes.toString('base64url')}` }, /differ from each other/));

  it.each([
    ['JWT_SECRET', { JWT_SECRET: KEYWAY_SECRET }],
    ['JWT_SECRET', { JWT_SECRET: bytes.toString('base64url') }],
    ['APP_API_KEY', { APP_API_KEY: `kw_a1B2c3D4e5F6_${bytes.toString('base64url')}` }],
    ['DATABASE_URL', { DATABASE_URL: `postgres://keyway:${encodeURIComponent(KEYWAY_SECRET)}@db/keyway` }],
    ['DATABASE_URL', { DATABASE_URL: `postgres://keyway:${bytes.toString('base64url')}@db/keyway` }],
  ])('refuses the value of %s', (name, other) => {
    refuses(other, new RegExp(`^Set KEYWAY_SECRET to a secret of its own: it is the same as .*${name}`));
  });

  it('never appears in an error', () => {
    const shown = read({ JWT_SECRET: KEYWAY_SECRET, KEYWAY_SECRET: `${KEYWAY_SECRET},!` }).problems.join();
    expect(shown).not.toContain(KEYWAY_SECRET);
  });
});

describe('the lifetimes', () => {
  it('have default values', () => {
    expect(embedded({})?.lifetimes).toEqual({
      handshake: 300,
      registerTransaction: 300,
      authenticateTransaction: 900,
      nonce: 300,
    });
  });

  it.each([
    ['HANDSHAKE_TTL', 30, 900],
    ['REGISTER_TRANSACTION_TTL', 60, 86_400],
    ['AUTHENTICATE_TRANSACTION_TTL', 60, 86_400],
    ['NONCE_TTL', 30, 3600],
  ])('%s accepts %d to %d whole seconds', (name, from, to) => {
    for (const seconds of [from, to]) {
      expect(read({ [name]: `${seconds}` }).problems).toEqual([]);
      expect(Object.values(embedded({ [name]: `${seconds}` })?.lifetimes ?? {})).toContain(seconds);
    }
    for (const text of [`${from - 1}`, `${to + 1}`, '90.5', '5m', ' 90']) {
      refuses(
        { [name]: text },
        new RegExp(`^Set ${name} to a whole number of seconds from ${from} to ${to}`),
      );
    }
  });
});

describe('PASSAGE_MODE', () => {
  it('accepts embedded, which is the default', () => {
    expect(read({ PASSAGE_MODE: 'embedded' })).toMatchObject({ passage: { mode: 'embedded' }, problems: [] });
    expect(read({})).toMatchObject({ passage: { mode: 'embedded' }, problems: [] });
  });

  it('refuses any other value, and then reports no problem with other settings', () =>
    refuses({ PASSAGE_MODE: 'Embedded', KEYWAY_SECRET: '' }, /^Set PASSAGE_MODE to embedded or remote/));

  it.each(['PASSAGE_BASE_URL', 'PASSAGE_APP_ID', 'PASSAGE_API_KEY', 'PASSAGE_API_KEY_FILE'])(
    'is refused as embedded together with %s',
    (name) => refuses({ [name]: 'hunter2' }, new RegExp(`^Unset ${name}: (?!.*hunter2)`)),
  );
});
