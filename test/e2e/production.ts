import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { createTestDatabase } from '../support/test-database.js';
import { type Environment, runCommand } from './keyway-process.js';

const TOKEN_SECRET = randomBytes(32).toString('base64url');

/** A database that is empty, or has the schema. */
export async function aDatabase({ migrated }: { readonly migrated: boolean }) {
  const database = await createTestDatabase();
  if (migrated) await runCommand(['migrate'], { DATABASE_URL: database.url });
  return database;
}

/** Every setting that production asks for, on a free port of the loopback. */
export const productionSettings = (databaseUrl: string): Environment => ({
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: '0',
  PUBLIC_URL: 'https://passkeys.shop.example',
  DATABASE_URL: databaseUrl,
  KEYWAY_SECRET: randomBytes(32).toString('base64'),
  APP_ID: 'shop',
  APP_NAME: 'The Shop',
  APP_ORIGINS: 'https://shop.example',
  APP_RP_ID: 'shop.example',
  JWT_SECRET: TOKEN_SECRET,
  JWT_ISSUER: 'https://login.shop.example',
  JWT_AUDIENCE: 'keyway',
});

/** The token of a user of the shop. */
export const aToken = (): Promise<string> =>
  new SignJWT({ name: 'Ada' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('https://login.shop.example')
    .setAudience('keyway')
    .setSubject('ada')
    .setExpirationTime('5 minutes')
    .sign(Buffer.from(TOKEN_SECRET));
