/** What the application has to know; Keyway has the same values under the names on the right. */
const required = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}: see README.md.`);
  return value;
};

const port = Number(process.env.PORT ?? 4000);

export const settings = {
  port,
  /** Of these pages, as browsers see it. */
  origin: process.env.ORIGIN ?? `http://localhost:${port}`, // APP_ORIGINS
  keyway: required('KEYWAY_URL'), // PUBLIC_URL
  appId: required('APP_ID'), // APP_ID
  apiKey: required('APP_API_KEY'), // APP_API_KEY
  tokenSecret: required('JWT_SECRET'), // JWT_SECRET
  issuer: process.env.JWT_ISSUER ?? 'https://shop.example', // JWT_ISSUER
  audience: process.env.JWT_AUDIENCE ?? 'keyway', // JWT_AUDIENCE
};
