import { Environment } from './environment.js';
import { IdentityVariables } from './identity-settings.js';
import { readVariables } from './variables.js';

const read = (env: NodeJS.ProcessEnv) => readVariables(IdentityVariables, new Environment(env));
const TWO = 'https://one.example, https://two.example';

describe('EXTERNAL_ID_CLAIM', () => {
  it('may be absent: external IDs are then made here', () => {
    expect(read({ JWT_ISSUER: TWO })).toMatchObject({ problems: [] });
    expect(read({}).variables.toSettings()).toBeNull();
  });

  it.each(['sub', 'passage_external_id', 'https://shop.example/external_id'])('accepts %s', (name) => {
    const { problems, variables } = read({ EXTERNAL_ID_CLAIM: name, JWT_ISSUER: 'https://one.example' });
    expect(problems).toEqual([]);
    expect(variables.toSettings()).toEqual({ name, issuer: undefined });
  });

  it.each([
    'email',
    'phone_number',
    'preferred_username',
    'username',
    'cognito:username',
    'upn',
    'unique_name',
    'name',
    'nickname',
  ])('refuses %s, which a user can change or an issuer gives to others', (name) => {
    const [sentence, ...others] = read({ EXTERNAL_ID_CLAIM: name }).problems;
    expect(others).toEqual([]);
    expect(sentence).toMatch(/^Set EXTERNAL_ID_CLAIM to a claim that the issuer assigns once and for all/);
    expect(sentence).toContain(`${name} is not one`);
  });

  it.each([' sub', 'sub\n', 'a\tb'])('refuses %j', (name) =>
    expect(read({ EXTERNAL_ID_CLAIM: name }).problems).toHaveLength(1),
  );

  it('needs EXTERNAL_ID_ISSUER where there are several issuers', () => {
    expect(read({ EXTERNAL_ID_CLAIM: 'sub', JWT_ISSUER: TWO }).problems).toEqual([
      'Set EXTERNAL_ID_ISSUER to the one of the issuers in JWT_ISSUER for which EXTERNAL_ID_CLAIM counts.',
    ]);
    const settings = { EXTERNAL_ID_CLAIM: 'sub', EXTERNAL_ID_ISSUER: 'https://two.example', JWT_ISSUER: TWO };
    expect(read(settings)).toMatchObject({ problems: [] });
    expect(read(settings).variables.toSettings()).toEqual({ name: 'sub', issuer: 'https://two.example' });
  });
});

describe('EXTERNAL_ID_ISSUER', () => {
  it('is refused unless it is one of JWT_ISSUER', () => {
    const settings = {
      EXTERNAL_ID_CLAIM: 'sub',
      EXTERNAL_ID_ISSUER: 'https://evil.example',
      JWT_ISSUER: TWO,
    };
    expect(read(settings).problems).toEqual([expect.stringMatching(/^Set EXTERNAL_ID_ISSUER to one of/)]);
  });

  it('is refused without a claim', () =>
    expect(read({ EXTERNAL_ID_ISSUER: 'https://one.example' }).problems).toEqual([
      expect.stringMatching(/^Unset EXTERNAL_ID_ISSUER/),
    ]));
});
