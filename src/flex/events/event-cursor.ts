/** The place of an event in its app's trail: the list goes on with those that are older. */
export interface EventPosition {
  /** Microseconds since the epoch, which is how exactly the database knows it. */
  readonly at: number;
  readonly id: string;
}

const CURSOR = /^[A-Za-z0-9_-]{1,128}$/;
const POSITION = /^(\d{1,16})\.([A-Za-z0-9_-]{1,64})$/;

/** The text of a position, opaque to callers. */
export const toCursor = ({ at, id }: EventPosition): string =>
  Buffer.from(`${at}.${id}`).toString('base64url');

/** The position that a cursor stands for; null for a text that is none. */
export function readCursor(text: string): EventPosition | null {
  if (!CURSOR.test(text)) return null;
  const [, at, id = ''] = POSITION.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  return at !== undefined && Number.isSafeInteger(Number(at)) ? { at: Number(at), id } : null;
}
