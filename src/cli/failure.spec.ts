import { describeFailure, ReaderGone } from './failure.js';

const errorOf = (code: string) => Object.assign(new Error('duplicate key value violates "x"'), { code });

it.each(['40001', '40P01', '23503', '23505'])(
  'says that another was faster, and not in PostgreSQL’s words: %s',
  (code) =>
    expect(describeFailure(errorOf(code), '')).toEqual({
      exitCode: 1,
      code: 'changed_meanwhile',
      sentence: 'What this works on was changed at the same moment: run it again.',
      text: 'What this works on was changed at the same moment: run it again.',
    }),
);

it.each(['42P01', '23502', '08006', 'ECONNRESET', '230', '4000123'])(
  'lets other errors speak for themselves: %s',
  (code) =>
    expect(describeFailure(errorOf(code), '')).toMatchObject({
      exitCode: 1,
      code: 'failed',
      sentence: 'duplicate key value violates "x"',
    }),
);

it('takes a reader that has had enough for no failure', () =>
  expect(describeFailure(new ReaderGone(), '')).toMatchObject({ exitCode: 0 }));
