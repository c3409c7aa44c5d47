import { AppError } from '../../../errors/app-error.js';
import { isExternalId } from '../../../users/external-id.js';
import { type FlexUserStatus, USER_STATUSES } from '../flex-user.entity.js';

/** A value to compare a column with: equal, or strictly less or more. */
export interface Comparison<T> {
  readonly operator: '=' | '<' | '>';
  readonly value: T;
}

/** What a list can be sorted by. */
type UserOrderColumn = 'id' | 'external_id' | 'status' | 'login_count' | UserDateColumn;
/** The dates of a user that a list can be filtered and sorted by. */
export type UserDateColumn = 'created_at' | 'updated_at' | 'last_login_at';

/** Which users of an app are wanted, in which order, and which page of them. */
export interface UserListQuery {
  /** Exactly this external ID; null matches no user, undefined matches any. */
  readonly identifier?: string | null;
  readonly id?: string;
  readonly status?: FlexUserStatus;
  readonly loginCount?: Comparison<number>;
  readonly dates: readonly (Comparison<Date> & { readonly column: UserDateColumn })[];
  /** Seconds since the epoch: users made later are left out, so that pages hold still while users come. */
  readonly createdBefore?: number;
  readonly orderBy: readonly { readonly column: UserOrderColumn; readonly direction: 'asc' | 'desc' }[];
  /** From 1. */
  readonly page: number;
  /** 1 to 500. */
  readonly limit: number;
}

const ORDER_COLUMNS: readonly string[] = [
  'id',
  'external_id',
  'status',
  'login_count',
  'created_at',
  'updated_at',
  'last_login_at',
];
const DATE_COLUMNS = ['created_at', 'updated_at', 'last_login_at'] as const;
const STATUSES: readonly string[] = USER_STATUSES;
const FILTERS = [
  'id',
  'status',
  'login_count',
  'created_before',
  'order_by',
  'page',
  'limit',
  ...DATE_COLUMNS,
];
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;
const MAX_COUNT = 2_147_483_647; // PostgreSQL's integer
const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 500;
const MAX_PAGE = MAX_COUNT;

type Parameters = Readonly<Record<string, unknown>>;

/** Reads the query parameters of the user list; throws `invalid_request` for one that is malformed. */
export function parseUserListQuery(parameters: Parameters): UserListQuery {
  for (const name of FILTERS) refuseBrackets(parameters, name);
  const text = (name: string): string | undefined => optionalText(parameters, name);
  const id = text('id');
  const status = text('status');
  const loginCount = text('login_count');
  const createdBefore = text('created_before');
  if (status !== undefined && !STATUSES.includes(status)) throw malformed('status');
  return {
    ...identifierOf(parameters),
    ...(id !== undefined && { id }),
    ...(status !== undefined && { status: status as FlexUserStatus }),
    ...(loginCount !== undefined && {
      loginCount: compare(loginCount, (it) => count(it, 'login_count', MAX_COUNT)),
    }),
    dates: DATE_COLUMNS.flatMap((column) => {
      const value = text(column);
      return value === undefined ? [] : [{ column, ...compare(value, (it) => date(it, column)) }];
    }),
    ...(createdBefore !== undefined && { createdBefore: seconds(createdBefore, 'created_before') }),
    orderBy: orderOf(text('order_by')),
    page: inRange(text('page'), 'page', 1, MAX_PAGE),
    limit: inRange(text('limit'), 'limit', DEFAULT_LIMIT, MAX_LIMIT),
  };
}

/**
 * An empty, repeated or array identifier matches no user, nor does one that no user can have: SDKs use the first user of
 * the answer without a check.
 */
function identifierOf(parameters: Parameters): { identifier?: string | null } {
  if (hasBrackets(parameters, 'identifier')) return { identifier: null };
  const { identifier } = parameters;
  if (identifier === undefined) return {};
  return { identifier: typeof identifier === 'string' && isExternalId(identifier) ? identifier : null };
}

/** Whether a parameter is given as the member of a list or an object, as in `status[]=active`. */
const hasBrackets = (parameters: Parameters, name: string): boolean =>
  Object.keys(parameters).some((each) => each.startsWith(`${name}[`));

/** A filter that is ignored would widen what is listed. */
function refuseBrackets(parameters: Parameters, name: string): void {
  if (hasBrackets(parameters, name)) throw malformed(name);
}

function optionalText(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || value.includes('\0')) throw malformed(name);
  return value;
}

function compare<T>(text: string, read: (text: string) => T): Comparison<T> {
  const operator = text.startsWith('<') ? '<' : text.startsWith('>') ? '>' : '=';
  return { operator, value: read(operator === '=' ? text : text.slice(1)) };
}

function count(text: string, name: string, max: number): number {
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value > max) throw malformed(name);
  return value;
}

/** Since the epoch; ten digits last until the year 2286. */
const seconds = (text: string, name: string): number => count(text, name, 9_999_999_999);

/** RFC 3339, or seconds since the epoch. */
function date(text: string, name: string): Date {
  const value = RFC_3339.test(text) ? new Date(text) : new Date(seconds(text, name) * 1000);
  if (Number.isNaN(value.getTime())) throw malformed(name);
  return value;
}

function inRange(text: string | undefined, name: string, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  const value = count(text, name, max);
  if (value < 1) throw malformed(name);
  return value;
}

function orderOf(text: string | undefined): UserListQuery['orderBy'] {
  if (text === undefined) return [];
  const order = text.split(',').map((part) => {
    const [column = '', direction = 'ASC', ...rest] = part.trim().split(':');
    const isDirection = /^(asc|desc)$/i.test(direction);
    if (!ORDER_COLUMNS.includes(column) || !isDirection || rest.length > 0) throw malformed('order_by');
    return { column: column as UserOrderColumn, direction: direction.toLowerCase() as 'asc' | 'desc' };
  });
  if (new Set(order.map(({ column }) => column)).size < order.length) throw malformed('order_by');
  return order;
}

const malformed = (name: string): AppError =>
  new AppError('invalid_request', { detail: `The query parameter ${name} is malformed.` });
