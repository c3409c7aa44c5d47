import { toDisplayText } from '../../http/display-text.js';
import { decodeAnyBase64 } from '../../webauthn/base64url.js';
import { OPAQUE_ID } from '../../flex/user-key.js';
import { isExternalId } from '../../users/external-id.js';
import { excerpt, type MemberName, type Moment, type RowIdentity, RowRefusal } from './transfer-row.js';

const MOMENT = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
const MOMENT_RULE =
  'must be a date and time of RFC 3339 such as 2024-03-01T10:00:00Z, since 1970 and not in the future';
/** The zero time of Go, which its servers write for a time that was never set. */
const NEVER = /^0001-01-01[Tt ]00:00:00(?:\.0{1,9})?(?:[Zz]|[+-]00:00)$/;
const MAX_NAME = 40; // characters of an unknown member's name
const CLOCK_SKEW = 300_000; // ms
const DEFAULT_NAME = 'Passkey';
const MAX_TOKEN_TEXT = 255;

/** Reads the members of one row, each by its rule. A member that is absent, null or empty text counts as missing. */
export class Members {
  constructor(private readonly members: Readonly<Record<string, unknown>>) {}

  /** Refuses unknown members: a misspelled one would silently be dropped. */
  requireKnown(names: readonly string[]): void {
    const unknown = Object.keys(this.members).find((name) => name !== 'type' && !names.includes(name));
    if (unknown === undefined) return;
    const wrong = JSON.stringify(excerpt(unknown, MAX_NAME));
    throw new RowRefusal(
      'unknown_member',
      `A row of this type has no member ${wrong}; it has ${names.join(', ')}.`,
    );
  }

  externalId(): string {
    const value = this.get('external_id');
    if (typeof value === 'string' && isExternalId(value)) return value;
    throw invalid(
      'external_id',
      'must have 1 to 255 characters without control characters, and not be "." or ".."',
    );
  }

  /** `subject` with `issuer`; null if the row has neither. */
  identity(): RowIdentity | null {
    const [subject, issuer] = [this.get('subject'), this.get('issuer')];
    if (subject === null && issuer === null) return null;
    if (subject === null) missing('subject');
    if (!isTokenText(subject)) throw invalid('subject', 'must have 1 to 255 characters, without U+0000');
    if (issuer !== null && !isTokenText(issuer))
      throw invalid('issuer', 'must be the iss claim of the user’s tokens');
    return { subject, issuer };
  }

  id(): string | null {
    return this.matching('id', OPAQUE_ID, 'must have 1 to 64 characters of A-Z, a-z, 0-9, _ and -');
  }

  requiredId(): string {
    return this.id() ?? missing('id');
  }

  matching(name: MemberName, pattern: RegExp, rule: string): string | null {
    const value = this.get(name);
    if (value === null) return null;
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw invalid(name, rule);
  }

  /** Base64 or base64url. */
  bytes(name: MemberName, [min, max]: readonly [min: number, max: number]): Buffer | null {
    const value = this.get(name);
    if (value === null) return null;
    const bytes = decodeAnyBase64(value, max);
    if (bytes && bytes.byteLength >= min && bytes.byteLength <= max) return bytes;
    const size = min === max ? `${min}` : `${min} to ${max}`;
    throw invalid(name, `must be ${size} bytes in base64 or base64url`);
  }

  requiredBytes(name: MemberName, size: readonly [min: number, max: number]): Buffer {
    return this.bytes(name, size) ?? missing(name);
  }

  integer(name: MemberName, max: number): number {
    const value = this.get(name) ?? 0;
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max) return value as number;
    throw invalid(name, `must be an integer from 0 to ${max}`);
  }

  flag(name: MemberName): boolean | null {
    const value = this.get(name);
    if (value === null || typeof value === 'boolean') return value;
    throw invalid(name, 'must be true, false or null');
  }

  oneOf<T extends string>(name: MemberName, values: readonly T[]): T | null {
    const value = this.get(name);
    if (value === null || values.includes(value as T)) return value as T | null;
    throw invalid(name, `must be one of ${values.join(', ')}`);
  }

  list(name: MemberName): readonly unknown[] {
    const value = this.get(name) ?? [];
    if (Array.isArray(value)) return value;
    throw invalid(name, 'must be an array');
  }

  /** A name that cannot be displayed is replaced rather than refused, which would lose the passkey. */
  friendlyName(): string {
    const value = this.get('friendly_name');
    return (typeof value === 'string' ? toDisplayText(value) : null) ?? DEFAULT_NAME;
  }

  /** A time of RFC 3339 since 1970 and not in the future; null for the zero time of Go. */
  moment(name: MemberName): Moment | null {
    const value = this.get(name);
    if (value === null) return null;
    if (typeof value === 'string' && NEVER.test(value)) return null;
    const moment = typeof value === 'string' ? toMoment(value) : null;
    if (moment) return moment;
    throw invalid(name, MOMENT_RULE);
  }

  get(name: MemberName): unknown {
    const value = this.members[name];
    return value === undefined || value === '' ? null : value;
  }
}

const isTokenText = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= MAX_TOKEN_TEXT &&
  !value.includes('\0') &&
  value.isWellFormed();

/** The refusal of a member that breaks its rule. */
export const invalid = (name: MemberName, rule: string): RowRefusal =>
  new RowRefusal(`invalid_${name}`, `${name} ${rule}.`);

function missing(name: MemberName): never {
  throw invalid(name, 'is missing');
}

/** In UTC, cut to the microseconds that PostgreSQL keeps; null if there is no such time. */
function toMoment(text: string): Moment | null {
  const parts = MOMENT.exec(text);
  if (!parts) return null;
  const [, date, time, fraction = '', sign, hours = '00', minutes = '00'] = parts;
  const local = new Date(`${date}T${time}Z`);
  // Node reads 30 February as 1 March.
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(`${date}T${time}`)) return null;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  const utc = local.getTime() - offset;
  if (utc < 0 || utc > Date.now() + CLOCK_SKEW) return null;
  const seconds = new Date(utc).toISOString().slice(0, 19);
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction.slice(0, 6)}Z`;
}
