// § setup
// npm install @keyway/passage-flex-node express jose
import { PassageFlex } from '@keyway/passage-flex-node';
import express from 'express';
import { SignJWT } from 'jose';
import { currentUser, startSession } from './login.js'; // yours

const { APP_API_KEY, JWT_SECRET, ORIGIN, PORT } = process.env; // the first two as Keyway has them
const [issuer, audience] = ['https://login.example.com', 'keyway']; // JWT_ISSUER and JWT_AUDIENCE of Keyway
const passage = new PassageFlex({
  appId: 'my-app',
  apiKey: APP_API_KEY,
  baseUrl: 'https://passkeys.example.com/v1',
});

const app = express();
app.use(express.json());
app.use((request, response, next) => {
  // What changes something comes from your own pages.
  if (request.method !== 'GET' && request.headers.origin !== ORIGIN) return response.sendStatus(403);
  next();
});

// § token
app.get('/token', async (request, response) => {
  const user = currentUser(request.headers.cookie);
  if (!user) return response.sendStatus(401);
  const token = await new SignJWT({ preferred_username: user.name, auth_time: user.signedInAt })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(user.id)
    .setExpirationTime('5 minutes')
    .sign(new TextEncoder().encode(JWT_SECRET));
  response.type('text').send(token);
});

// § sign-in
app.post('/sign-in/passkey', async (request, response) => {
  const proof = await passage.auth.verify(String(request.body?.nonce)).catch(() => null);
  if (proof?.kind !== 'authenticate' || proof.issuer !== issuer) return response.sendStatus(401);
  response.set('set-cookie', startSession(proof.subject, proof.externalId)).sendStatus(204);
});

// § list
app.get('/passkeys', async (request, response) => {
  const user = currentUser(request.headers.cookie);
  if (!user?.externalId) return response.sendStatus(401);
  response.json(await passage.user.listDevices(user.externalId));
});

// § revoke
app.post('/passkeys/revoke', async (request, response) => {
  const user = currentUser(request.headers.cookie);
  if (!user?.externalId) return response.sendStatus(401);
  await passage.user.revokeDevice(user.externalId, String(request.body?.id));
  response.sendStatus(204);
});

// § start
app.listen(PORT);
