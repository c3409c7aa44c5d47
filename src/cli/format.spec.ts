import { list, many, table, time } from './format.js';

const HEADINGS = ['id', 'name', 'origins'];
const ROWS = [
  ['shop', 'The Shop', 'https://shop.example https://account.shop.example'],
  ['a', '🔑 keys', 'https://a.example'],
];

it('aligns columns by what a terminal shows and writes no space at the end of a line', () => {
  expect(table(HEADINGS, ROWS, Infinity)).toBe(
    [
      'ID    NAME      ORIGINS',
      'shop  The Shop  https://shop.example https://account.shop.example',
      'a     🔑 keys   https://a.example',
    ].join('\n'),
  );
});

it('aligns wide characters, and numbers on the right', () => {
  const rows = [
    ['shop', '日本のお店', 1_234, 'x'],
    ['a', '👩‍👩‍👧 家族', 5, 'y'],
  ];
  expect(table(['id', 'name', 'uses', 'last'], rows, Infinity)).toBe(
    ['ID    NAME        USES  LAST', 'shop  日本のお店  1234  x', 'a     👩‍👩‍👧 家族        5  y'].join('\n'),
  );
});

it('truncates between whole characters, wide ones too', () => {
  const cut = table(['id', 'name'], [['shop', '日本のお店👩‍👩‍👧家族家族']], 20).split('\n');
  expect(cut[1]).toBe('shop  日本のお店👩‍👩‍👧…');
  const [, wide] = table(['id', 'name'], [['shop', '日本のお店家族家族']], 19).split('\n');
  expect(wide).toBe('shop  日本のお店家…');
});

it('truncates the widest column on a narrow terminal', () => {
  const narrow = table(HEADINGS, ROWS, 40).split('\n');
  expect(narrow[1]).toBe('shop  The Shop  https://shop.example ht…');
  expect(narrow.map((line) => [...line].length <= 40)).toEqual([true, true, true]);
});

it('shows a part of every column even on a very narrow terminal', () => {
  expect(table(HEADINGS, ROWS, 5).split('\n')[1]).toBe('shop  The Shop  https:/…');
});

it('aligns values beside their names', () => {
  expect(
    list([
      ['id', 'shop'],
      ['RP ID', 'shop.example'],
      ['', 'more'],
    ]),
  ).toBe('id     shop\nRP ID  shop.example\n       more');
});

it('writes times to the second, and writes counts with the singular or plural', () => {
  expect(time(new Date('2026-11-22T10:00:00.123Z'))).toBe('2026-11-22T10:00:00Z');
  expect(time(null)).toBe('never');
  expect([many(0, 'user'), many(1, 'user'), many(2, 'user')]).toEqual(['0 users', '1 user', '2 users']);
});
