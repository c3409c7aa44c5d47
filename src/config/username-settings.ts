import { splitList } from './environment.js';
import { type Rule, Setting, Variables } from './variables.js';

const USUAL: readonly string[] = [
  'preferred_username',
  'username',
  'cognito:username',
  'email',
  'upn',
  'name',
];
const MAX_CLAIMS = 20;

/** Whether a text can be the name of a claim. */
export const isClaimName = (text: string): boolean =>
  text !== '' && text.isWellFormed() && !/\p{Cc}/u.test(text);

const claimNames: Rule<unknown> = (text, _group, name) => {
  const claims = splitList(text);
  const isGood = claims.every(isClaimName) && new Set(claims).size === claims.length;
  if (isGood && claims.length <= MAX_CLAIMS) return undefined;
  return (
    `Set ${name} to a comma list of ${MAX_CLAIMS} claims at most, each named once, such as ` +
    'preferred_username,email: the first that a token has is the name which its user sees.'
  );
};

/** Which claims of a token name its user to people, in order. They authorise nothing. */
export class UsernameVariables extends Variables<readonly string[]> {
  @Setting(claimNames)
  USERNAME_CLAIMS?: string;

  toSettings(): readonly string[] {
    return this.USERNAME_CLAIMS === undefined ? USUAL : splitList(this.USERNAME_CLAIMS);
  }
}
