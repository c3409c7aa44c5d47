import { KEY_SET_REASONS } from '../../src/auth/key-set-source.js';
import { TOKEN_REASONS } from '../../src/auth/token-refusal.js';
import { chapterOf, codesIn, tableOf } from './markdown.js';

describe("the operator's page", () => {
  const reasonsIn = (heading: string) =>
    tableOf(chapterOf('docs/operate.md', heading)).flatMap(([reason]) => codesIn(reason!));

  it('explains every reason for which a token is refused, in the order of the checks, and no other', () => {
    expect(reasonsIn('## Why a token was refused')).toEqual(TOKEN_REASONS);
  });

  it('explains every reason for which the keys of tokens are missing, and no other', () => {
    expect(reasonsIn('## While keys are missing')).toEqual(KEY_SET_REASONS);
  });

  it('says for each of them what to do', () => {
    for (const heading of ['## Why a token was refused', '## While keys are missing']) {
      for (const [, meaning, advice] of tableOf(chapterOf('docs/operate.md', heading))) {
        expect([meaning, advice]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
      }
    }
  });
});
