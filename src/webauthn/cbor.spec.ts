import { endOfCborItem, requireOneCborMap } from './cbor.js';
import { CeremonyRefusal } from './ceremony-refusal.js';

const endOf = (hex: string) => endOfCborItem(Buffer.from(hex, 'hex'), 0, '7.1-13');
const nested = (depth: number) => '81'.repeat(depth - 1) + '00';

describe('the CBOR scanner', () => {
  it.each([
    ['a small integer', '17', 1],
    ['a negative integer of eight bytes', '3bffffffffffffffff', 9],
    ['a byte string', '43010203', 4],
    ['an empty text', '60', 1],
    ['an array', '83010203', 4],
    ['a map with integer and text keys', 'a3010220036161f5', 8],
    ['true, false, null and undefined', '84f5f4f6f7', 5],
    ['a double', 'fb3ff0000000000000', 9],
    ['sixteen levels', nested(16), 16],
  ])('finds the end of %s', (_, hex, end) => {
    expect(endOf(`${hex}ffff`)).toBe(end);
  });

  it.each([
    ['an empty input', ''],
    ['a head cut short', '1901'],
    ['a byte string cut short', '4301'],
    ['a byte string of 2^64 - 1 bytes', '5bffffffffffffffff'],
    ['an array of 2^64 - 1 items', '9bffffffffffffffff00'],
    ['a map that lacks a value', 'a101'],
    ['a reserved length', '1c'],
    ['a byte string of indefinite length', '5f4101ff'],
    ['a text of indefinite length', '7f6161ff'],
    ['an array of indefinite length', '9f01ff'],
    ['a map of indefinite length', 'bf0102ff'],
    ['a lone break', 'ff'],
    ['a tag', 'c000'],
    ['an unassigned simple value', 'e0'],
    ['a simple value of one byte', 'f8ff'],
    ['text that is not UTF-8', '61ff'],
    ['seventeen levels', nested(17)],
    ['a hundred thousand levels', nested(100_000)],
    ['a duplicate integer key', 'a201000100'],
    ['a duplicate key in another spelling', 'a20100180100'],
    ['a duplicate text key', 'a2616100616100'],
    ['an array for a key', 'a18000'],
    ['a byte string for a key', 'a1410000'],
  ])('refuses %s', (_, hex) => {
    expect(() => endOf(hex)).toThrow(new CeremonyRefusal('malformed_cbor', '7.1-13'));
  });

  it('tells the keys 1 and -1 apart', () => {
    expect(endOf('a201002000')).toBe(5);
  });

  it.each([
    ['something after the map', 'a000'],
    ['an array', '80'],
    ['no bytes', ''],
  ])('refuses %s where exactly one map belongs', (_, hex) => {
    expect(() => requireOneCborMap(Buffer.from(hex, 'hex'), '7.2-7')).toThrow(
      new CeremonyRefusal('malformed_cbor', '7.2-7'),
    );
  });
});
