import { describeFailure, ReaderGone } from './failure.js';

const errorOf = (code: string) => Object.assign(new Error('duplicate key value violates "x"'), { code });

it.each(['40001', '40P01', '23503', '23505'])(
  'reports a conflict with a simultaneous change in its own words, not in PostgreSQL’s: %s',
  (code) =>
    expect(describeFailure(errorOf(code), '')).toEqual({
      exitCode: 1,
      code: 'changed_meanwhile',
      sentence: 'What this works on was changed at the same moment: run it again.',
      text: 'What this works on was changed at the same moment: run it again.',
    }),
);

it.each(['42P01', '23502', '08006', 'ECONNRESET', '230', '4000123'])(
  'shows the message of any other error: %s',
  (code) =>
    expect(describeFailure(errorOf(code), '')).toMatchObject({
      exitCode: 1,
      code: 'failed',
      sentence: 'duplicate key value violates "x"',
    }),
);

it('exits with 0 when the reader of its output has closed the pipe', () =>
  expect(describeFailure(new ReaderGone(), '')).toMatchObject({ exitCode: 0 }));
