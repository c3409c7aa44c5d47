import { Environment } from './environment.js';
import { UsernameVariables } from './username-settings.js';
import { readVariables } from './variables.js';

const read = (USERNAME_CLAIMS?: string) =>
  readVariables(UsernameVariables, new Environment(USERNAME_CLAIMS === undefined ? {} : { USERNAME_CLAIMS }));

describe('USERNAME_CLAIMS', () => {
  it('are those that identity providers use, unless set', () => {
    const usual = ['preferred_username', 'username', 'cognito:username', 'email', 'upn', 'name'];
    expect(read().variables.toSettings()).toEqual(usual);
  });

  it('are read in their order, with names of any form', () => {
    const { variables, problems } = read('https://shop.example/login, nickname,email');
    expect(problems).toEqual([]);
    expect(variables.toSettings()).toEqual(['https://shop.example/login', 'nickname', 'email']);
  });

  it.each(['email,', ',', 'email,email', 'na\tme', Array.from({ length: 21 }, (_, i) => `c${i}`).join()])(
    'refuses %j',
    (text) =>
      expect(read(text).problems).toEqual([
        expect.stringMatching(/^Set USERNAME_CLAIMS to a comma list of 20 claims at most, .*\.$/),
      ]),
  );
});
