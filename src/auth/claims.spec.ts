import { hasSignedInRecently } from './caller.js';
import { callerFrom } from './claims.js';

const NOW = Date.UTC(2026, 5, 1);
const claims = (changes: Record<string, unknown> = {}) => ({
  iss: 'https://issuer.example',
  sub: 'user-1',
  exp: NOW / 1000 + 60,
  ...changes,
});
const USUAL = ['preferred_username', 'username', 'cognito:username', 'email', 'upn', 'name'];
const callerOf = (changes: Record<string, unknown> = {}, usernameClaims = USUAL) =>
  callerFrom(claims(changes), usernameClaims, NOW);

describe('callerFrom', () => {
  it('returns issuer and subject exactly as they are in the token', () => {
    expect(callerOf({ sub: ' User-1 ' })).toMatchObject({
      issuer: 'https://issuer.example',
      subject: ' User-1 ',
    });
  });

  it.each([undefined, null, '', 7, ['user-1'], 'x'.repeat(256), 'a\0b', '\ud800', 'a\udc00b'])(
    'refuses the subject %j',
    (sub) => expect(() => callerOf({ sub })).toThrow('unusable_subject'),
  );

  it('accepts a subject of 255 characters in any script', () => {
    expect(callerOf({ sub: 'x'.repeat(255) }).subject).toHaveLength(255);
    expect(callerOf({ sub: '利用者😀' }).subject).toBe('利用者😀');
  });

  it.each([undefined, null, '9999999999', Infinity, NaN])('refuses a token with the expiry %j', (exp) =>
    expect(() => callerOf({ exp })).toThrow('missing_expiry'),
  );

  it('refuses a token that was issued further in the future than the leeway', () => {
    expect(() => callerOf({ iat: NOW / 1000 + 31 })).toThrow('issued_in_the_future');
    expect(() => callerOf({ iat: 'yesterday' })).toThrow('issued_in_the_future');
    expect(callerOf({ iat: NOW / 1000 + 30 }).subject).toBe('user-1');
  });
});

describe('the time of the sign-in', () => {
  it.each([undefined, null, '1780272000', NaN, Infinity, [NOW / 1000]])(
    'is not read from an auth_time of %j, and the token stays valid',
    (authTime) => expect(callerOf({ auth_time: authTime, iat: NOW / 1000 }).authTime).toBeNull(),
  );

  it.each([
    [0, true],
    [300, true],
    [300.5, false],
    [301, false],
    [-30, true],
    [-31, false],
    [NOW / 1000, false],
  ])('%d seconds ago counts as within 300 seconds: %p', (seconds, isRecent) => {
    const caller = callerOf({ auth_time: NOW / 1000 - seconds });
    expect(hasSignedInRecently(caller, 300, NOW)).toBe(isRecent);
  });

  it('is never recent where the token does not tell it', () => {
    expect(hasSignedInRecently(callerOf({ iat: NOW / 1000 }), 1e12, NOW)).toBe(false);
  });
});

describe('the username', () => {
  it('is the first usable one of the configured claims in their order, else the subject', () => {
    const left = Object.fromEntries(USUAL.map((name) => [name, `by ${name}`]));
    for (const name of USUAL) {
      expect(callerOf(left).username).toBe(`by ${name}`);
      delete left[name];
    }
    expect(callerOf(left).username).toBe('user-1');
  });

  it('is read from no claim that is not configured', () => {
    const namespaced = 'https://shop.example/login';
    const names = { preferred_username: 'ada', [namespaced]: 'ada@shop' };
    expect(callerOf(names, [namespaced, 'email']).username).toBe('ada@shop');
    expect(callerOf({ preferred_username: 'ada' }, ['__proto__', 'constructor']).username).toBe('user-1');
  });

  it.each([
    7,
    null,
    {},
    '',
    '  ',
    '\u200b\u3164',
    'ad\u202ea',
    'ad\u2066a',
    'Ada\nLovelace',
    'a\u0000da',
    'ada \ud800',
    'x'.repeat(256),
  ])('is not read from a preferred_username of %j', (unusable) => {
    expect(callerOf({ preferred_username: unusable, email: 'ada@example.org' }).username).toBe(
      'ada@example.org',
    );
  });

  it('is trimmed, and composed', () => {
    expect(callerOf({ name: ' Zoe\u0301\r\n' }).username).toBe('Zo\u00e9');
  });

  it('is the percent-encoding of a subject that cannot be displayed, and no reason to refuse the token', () => {
    expect(callerOf({ sub: '\u202e' }).username).toBe('%E2%80%AE');
    expect(callerOf({ sub: 'a\nb', name: 'x\u202ey' })).toMatchObject({ subject: 'a\nb', username: 'a%0Ab' });
  });
});

describe('the display name', () => {
  it('is the claim name, also where that is not the username', () => {
    const caller = callerOf({ email: 'ada@example.org', name: ' Ada Lovelace ' });
    expect(caller).toMatchObject({ username: 'ada@example.org', displayName: 'Ada Lovelace' });
  });

  it.each([undefined, 7, '', '\u202e', 'x'.repeat(256)])('is the username beside a name of %j', (name) =>
    expect(callerOf({ email: 'ada@example.org', name }).displayName).toBe('ada@example.org'),
  );
});
