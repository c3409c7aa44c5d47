import { randomBytes, randomUUID, scryptSync, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

export interface User {
  readonly id: string;
  readonly name: string;
}

interface StoredUser extends User {
  readonly salt: Buffer;
  readonly password: Buffer;
}

const hash = (password: string, salt: Buffer): Buffer => scryptSync(password, salt, 32);

/** Stands for the application's own users. They are gone when the process ends. */
@Injectable()
export class UsersService {
  private readonly byId = new Map<string, StoredUser>();

  /** The user with this name and password; makes one whose name is new. Null if the password is wrong. */
  signIn(name: string, password: string): User | null {
    const known = [...this.byId.values()].find((user) => user.name === name);
    if (known) return timingSafeEqual(known.password, hash(password, known.salt)) ? known : null;
    const salt = randomBytes(16);
    const user = { id: randomUUID(), name, salt, password: hash(password, salt) };
    this.byId.set(user.id, user);
    return user;
  }

  /** The user whom a token of this application named by its subject. */
  find(id: string | undefined): User | null {
    return (id !== undefined && this.byId.get(id)) || null;
  }
}
