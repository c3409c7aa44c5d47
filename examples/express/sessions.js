import { randomBytes } from 'node:crypto';

/* Stands for the application's own sessions. */
const byId = new Map();
const COOKIE = 'session';

const newId = () => randomBytes(32).toString('base64url');

/** The session of a request; begins one if there is none. */
export function sessionOf(request, response) {
  const [, id] = /(?:^|;\s*)session=([\w-]+)/.exec(request.headers.cookie ?? '') ?? [];
  return byId.get(id) ?? begin(response, {});
}

/** The same session under another id, so that one who knew the old id has nothing of it. */
export function renew(session, response, changes) {
  byId.delete(session.id);
  return begin(response, { ...session, ...changes });
}

export function end(session, response) {
  byId.delete(session.id);
  response.clearCookie(COOKIE);
}

function begin(response, content) {
  const session = { ...content, id: newId() };
  byId.set(session.id, session);
  const secure = response.req.protocol === 'https';
  response.cookie(COOKIE, session.id, { httpOnly: true, sameSite: 'lax', secure });
  return session;
}
