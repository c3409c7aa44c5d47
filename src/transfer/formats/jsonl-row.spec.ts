import { aForeignPasskey } from '../../../test/support/transfer.js';
import { readJsonlRow } from './jsonl-row.js';
import { type PasskeyRow, RowRefusal, type UserRow } from './transfer-row.js';

const { row: passkey, credential } = aForeignPasskey('ada');
const read = (members: object) => readJsonlRow(JSON.stringify(members));
const codeFor = (members: object | string): string | undefined => {
  try {
    readJsonlRow(typeof members === 'string' ? members : JSON.stringify(members));
    return undefined;
  } catch (error) {
    if (error instanceof RowRefusal) return error.reason;
    throw error;
  }
};

const sentenceFor = (members: object): string => {
  try {
    readJsonlRow(JSON.stringify(members));
    return '';
  } catch (error) {
    return (error as RowRefusal).message;
  }
};

describe('a line of the canonical format', () => {
  it('requires an external ID, a credential ID and a public key, and has defaults for the rest', () => {
    const { external_id, credential_id, public_key } = passkey;
    expect(read({ external_id, credential_id, public_key })).toEqual({
      kind: 'passkey',
      externalId: 'ada',
      identity: null,
      id: null,
      credentialId: credential.id,
      publicKey: Buffer.from(public_key as string, 'base64url'),
      algorithm: -7,
      userHandle: null,
      counter: 0,
      aaguid: '00000000-0000-0000-0000-000000000000',
      transports: [],
      attachment: null,
      backupEligible: null,
      backedUp: null,
      attestationFormat: 'none',
      attestationTrust: 'none',
      automatic: false,
      friendlyName: 'Passkey',
      nameCode: null,
      createdFrom: null,
      lastUsedFrom: null,
      usageCount: 0,
      lastLoginAt: null,
      createdAt: null,
      updatedAt: null,
    });
    for (const missing of ['external_id', 'credential_id', 'public_key']) {
      expect(codeFor({ ...passkey, [missing]: undefined })).toBe(`invalid_${missing}`);
    }
  });

  it.each<[member: string, values: unknown[], code?: string]>([
    ['type', ['passkeys', 1, {}, '__proto__'], 'unknown_type'],
    ['signCount', [1], 'unknown_member'],
    ['__proto__', [{}], 'unknown_member'],
    ['external_id', [null, '', 7, '.', '..', 'a\u0000', 'a\nb', '\ud800', 'x'.repeat(256), ['ada']]],
    ['id', ['a b', 'x'.repeat(65), 7, 'ä']],
    ['credential_id', ['', 'A', 'AA-_+', 'A'.repeat(1366), 7, {}, 'AAB=', 'AA==\n']],
    ['public_key', ['', 7, 'AAAA', [], {}, '{}', '['.repeat(10_000)], '(invalid|unsupported)_public_key'],
    ['public_key', [{ kty: 'EC', crv: 'P-256', d: '' }], 'private_key'],
    ['user_handle', ['A'.repeat(87), 'ä', 7]],
    ['sign_count', [-1, 1.5, 2 ** 32, '1', true]],
    ['usage_count', [-1, 2 ** 31, '1', 1e300]],
    ['aaguid', ['x', 7, '00000000-0000-0000-0000-0000000000000', '00000000000000000000000000000000']],
    ['transports', ['usb', [1], ['USB'], [''], ['a b'], Array.from('abcdefghi')]],
    ['attachment', ['both', 1]],
    ['backup_eligible', [1, 'true']],
    ['backed_up', ['yes']],
    ['attestation_format', ['a b', 7]],
    ['attestation_trust', ['yes']],
    ['automatic', ['true', 1]],
    ['name_code', ['Passkey', 'name', 1]],
    ['created_from', ['Chrome', 'Chrome on Windows 11', '<b> on macOS', 1]],
    ['last_used_from', ['on Windows', {}]],
    ['created_at', ['2024-02-30T00:00:00Z', '2024-01-01', '1969-12-31T23:59:59Z', '9999-01-01T00:00:00Z', 1]],
    ['created_at', ['2024-01-01T24:00:00Z', '2024-01-01T00:00:60Z', '2024-01-01T00:00:00+24:00', 'now']],
    ['last_login_at', ['0001-01-01T00:00:01Z', '0000-00-00T00:00:00Z', '2024-01-01T00:00:00']],
    ['updated_at', ['2024-13-01T00:00:00Z', "2024-01-01T00:00:00Z'"]],
  ])('is refused for an invalid %s', (member, values, code = `invalid_${member}`) => {
    for (const value of values) {
      const rest = JSON.stringify({ ...passkey, [member]: undefined }).slice(1);
      const line = `{"${member}":${JSON.stringify(value)},${rest}`;
      expect([value, codeFor(line)]).toEqual([value, expect.stringMatching(`^${code}$`)]);
    }
  });

  it('is refused with a message that says what to correct and repeats no value of the row', () => {
    const long = `\u001b[31m\u202e"${'x'.repeat(60_000)}`;
    expect(sentenceFor({ ...passkey, signCount: 'secret' })).toMatch(
      /^A row of this type has no member "signCount"; it has external_id, id, /,
    );
    expect(sentenceFor({ ...passkey, [long]: 1 })).toContain(
      `no member "\ufffd[31m\ufffd\\"${'x'.repeat(32)}…"; it has`,
    );
    expect(sentenceFor({ ...passkey, external_id: '..' })).toMatch(/ not be "\." or "\.\."\.$/);
    expect(sentenceFor({ ...passkey, created_at: 'yesterday' })).toMatch(/ such as 2024-03-01T10:00:00Z, /);
  });

  it('is refused if it is backed up but not eligible for backup', () => {
    expect(codeFor({ ...passkey, backup_eligible: false, backed_up: true })).toBe('invalid_backup_flags');
    expect(codeFor({ ...passkey, backup_eligible: null, backed_up: true })).toBeUndefined();
  });

  it('is refused if it is not a JSON object or is nested too deeply', () => {
    for (const line of ['', '1', 'null', '"x"', '[]', '{', '{"a":1}}', '['.repeat(60_000), '\u0000']) {
      expect(codeFor(line)).toBe('malformed_row');
    }
    expect(codeFor(`{"a":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`)).toBe('unknown_member');
  });

  it.each([
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00Z'],
    ['2024-02-29t12:00:00.5z', '2024-02-29T12:00:00.5Z'],
    ['2024-03-01 00:30:00.1234567+01:00', '2024-02-29T23:30:00.123456Z'],
    ['2024-02-29T23:30:00-00:45', '2024-03-01T00:15:00Z'],
    // Go's zero time: never.
    ['0001-01-01T00:00:00Z', null],
    ['0001-01-01T00:00:00.000+00:00', null],
  ])('reads the time %s as %s', (given, moment) => {
    expect((read({ ...passkey, created_at: given }) as PasskeyRow).createdAt).toBe(moment);
  });

  it.each([
    ['  Ada’s key ', 'Ada’s key'],
    ['e\u0301', '\u00e9'],
    ['\u202eevil', 'Passkey'],
    ['a\u0000', 'Passkey'],
    ['x'.repeat(65), 'Passkey'],
    [7, 'Passkey'],
  ])('turns the name %j into %j', (given, name) => {
    expect((read({ ...passkey, friendly_name: given }) as PasskeyRow).friendlyName).toBe(name);
  });

  it('can be a user, a device without a key or a tombstone', () => {
    const user = { type: 'user', external_id: 'ada', id: 'u1', status: 'pending', login_count: 3 };
    const read1 = read({ ...user, user_handle: 'AQID', created_at: '2024-01-01T00:00:00Z' });
    expect(read1).toMatchObject({ kind: 'user', id: 'u1', status: 'pending', loginCount: 3 });
    expect((read1 as UserRow).userHandle).toEqual(Buffer.from([1, 2, 3]));
    expect(codeFor({ ...user, status: 'gone' })).toBe('invalid_status');
    expect(codeFor({ ...user, login_count: 'x' })).toBe('invalid_login_count');
    // Of more bytes, native SDKs could make no passkeys with it.
    expect(codeFor({ ...user, user_handle: 'A'.repeat(66) })).toBe('invalid_user_handle');
    expect(codeFor({ ...user, credential_id: 'AAAA' })).toBe('unknown_member');
    expect(
      codeFor({ type: 'legacy_device', external_id: 'ada', id: 'd1', kind: 'platform' }),
    ).toBeUndefined();
    expect(codeFor({ type: 'legacy_device', external_id: 'ada' })).toBe('invalid_id');
    expect(codeFor({ type: 'legacy_device', external_id: 'ada', id: 'd1', kind: 'x' })).toBe('invalid_kind');
    expect(codeFor({ type: 'legacy_device', external_id: 'a', id: 'd', public_key: 'x' })).toBe(
      'unknown_member',
    );
    expect(
      codeFor({ type: 'tombstone', credential_hash: Buffer.alloc(32).toString('base64') }),
    ).toBeUndefined();
    expect(codeFor({ type: 'tombstone', credential_hash: 'AAAA' })).toBe('invalid_credential_hash');
    expect(codeFor({ type: 'tombstone' })).toBe('invalid_credential_hash');
  });
});
