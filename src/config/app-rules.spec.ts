import {
  androidOriginProblem,
  androidPackageProblem,
  appleAppIdProblem,
  listProblems,
  originsOutside,
  pageProblem,
  relatedOriginProblem,
} from './app-rules.js';

const HASH = Buffer.alloc(32, 7).toString('base64url');

describe('relatedOriginProblem', () => {
  it.each(['https://example.org', 'https://example.org:8443'])('accepts %s', (origin) => {
    expect(relatedOriginProblem(origin)).toBeUndefined();
  });

  it.each([
    ['http://localhost:3000', /^an https origin$/],
    ['http://example.org', /http is for localhost only/],
    ['https://example.org/', /exactly https:\/\/example\.org/],
    [`android:apk-key-hash:${HASH}`, /listed apart/],
  ])('refuses %s', (origin, problem) => {
    expect(relatedOriginProblem(origin)).toMatch(problem);
  });
});

describe('androidOriginProblem', () => {
  it('accepts the SHA-256 of a signing certificate', () => {
    expect(androidOriginProblem(`android:apk-key-hash:${HASH}`)).toBeUndefined();
  });

  it.each([
    '',
    'https://example.com',
    'android:apk-key-hash:',
    `android:apk-key-hash:${HASH.slice(1)}`,
    `android:apk-key-hash:${HASH}A`,
    `android:apk-key-hash:${HASH}=`,
    `android:apk-key-hash:${HASH.slice(0, -1)}9`, // bits that 32 bytes do not have
    `android:apk-key-hash-sha256:${HASH}`,
    `Android:apk-key-hash:${HASH}`,
  ])('refuses %j', (origin) => {
    expect(androidOriginProblem(origin)).toMatch(/43 base64url characters/);
  });
});

describe('what well-known documents name', () => {
  it.each([
    [pageProblem, 'https://www.example.com/account/passkeys?tab=1#list'],
    [pageProblem, 'http://localhost:3000/'],
    [appleAppIdProblem, 'ABCDE12345.com.example.app-2'],
    [androidPackageProblem, 'com.example.app_2'],
  ])('is accepted by %p: %s', (rule, text) => {
    expect(rule(text)).toBeUndefined();
  });

  it.each([
    [pageProblem, '/account/passkeys'],
    [pageProblem, 'http://example.com/'],
    [pageProblem, 'javascript:alert(1)'],
    [pageProblem, 'https://ada@example.com/'],
    [pageProblem, 'https://:secret@example.com/'],
    [pageProblem, `https://example.com/${'a'.repeat(2_048)}`],
    [appleAppIdProblem, 'com.example.app'],
    [appleAppIdProblem, 'abcde12345.com.example.app'],
    [appleAppIdProblem, `ABCDE12345.${'a'.repeat(156)}`],
    [appleAppIdProblem, 'ABCDE12345.com/example'],
    [androidPackageProblem, 'app'],
    [androidPackageProblem, 'com.1example'],
    [androidPackageProblem, 'com.example-app'],
    [androidPackageProblem, `com.${'a'.repeat(252)}`],
  ])('is refused by %p: %s', (rule, text) => {
    expect(rule(text)).toMatch(/, such as /);
  });
});

it('listProblems reports which entries of a list are wrong, and a repeated entry', () => {
  const problemsOf = (...origins: string[]) => listProblems('X', origins, relatedOriginProblem);
  expect(problemsOf('https://a.example', 'http://a.example', '')).toEqual([
    expect.stringMatching(/^Set entry 2 of X to /),
    expect.stringMatching(/^Set entry 3 of X to /),
  ]);
  expect(problemsOf('https://a.example', 'https://a.example')).toEqual([
    'Set X to a list that names each entry once.',
  ]);
  expect(problemsOf()).toEqual([]);
  const quoting = listProblems('X', ['https://a.example', 'http://ada:hunter2@x'], relatedOriginProblem, {
    quotes: true,
  });
  expect(quoting).toEqual([
    'Set entry 2 of X, "http://…@x", to an https origin: http is for localhost only.',
  ]);
});

it('originsOutside returns the origins that are not on the domain of the RP ID', () => {
  const origins = [
    'https://example.com',
    'https://a.example.com:8443',
    'https://badexample.com',
    'https://com',
  ];
  expect(originsOutside(origins, 'example.com')).toEqual(['https://badexample.com', 'https://com']);
});
