import { randomBytes, randomUUID, scryptSync, timingSafeEqual } from 'node:crypto';

/* Stands for the application's own table of users. It is gone when the process ends. */
const byId = new Map();

const hash = (password, salt) => scryptSync(password, salt, 32);

/** The user with this name and password; makes one whose name is new. Null if the password is wrong. */
export function signIn(name, password) {
  const known = [...byId.values()].find((user) => user.name === name);
  if (known) return timingSafeEqual(known.password, hash(password, known.salt)) ? known : null;
  const salt = randomBytes(16);
  const user = { id: randomUUID(), name, salt, password: hash(password, salt) };
  byId.set(user.id, user);
  return user;
}

/** The user whom a token of this application named by its subject. */
export const findById = (id) => byId.get(id) ?? null;
