import { TOKEN_REASONS } from '../../src/auth/token-refusal.js';
import { chapterOf, codesIn, tableOf } from './markdown.js';

describe("the operator's page", () => {
  it('explains every reason for which a token is refused, in the order of the checks, and no other', () => {
    const documented = tableOf(chapterOf('docs/operate.md', '## Why a token was refused'))
      .flatMap(([reason]) => codesIn(reason!))
      .filter((reason) => !reason.startsWith('keys_'));
    expect(documented).toEqual(TOKEN_REASONS);
  });
});
