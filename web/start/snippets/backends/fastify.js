// § setup
// npm install @keyway/passage-flex-node fastify jose
import { PassageFlex } from '@keyway/passage-flex-node';
import Fastify from 'fastify';
import { SignJWT } from 'jose';
import { currentUser, startSession } from './login.js'; // yours

const { APP_API_KEY, JWT_SECRET, ORIGIN, PORT } = process.env; // the first two as Keyway has them
const [issuer, audience] = ['https://login.example.com', 'keyway']; // JWT_ISSUER and JWT_AUDIENCE of Keyway
const passage = new PassageFlex({
  appId: 'my-app',
  apiKey: APP_API_KEY,
  baseUrl: 'https://passkeys.example.com/v1',
});

const app = Fastify();
app.addHook('onRequest', async (request, reply) => {
  // What changes something comes from your own pages.
  if (request.method !== 'GET' && request.headers.origin !== ORIGIN) await reply.code(403).send();
});

// § token
app.get('/token', async (request, reply) => {
  const user = currentUser(request.headers.cookie);
  if (!user) return reply.code(401).send();
  const token = await new SignJWT({ preferred_username: user.name, auth_time: user.signedInAt })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(user.id)
    .setExpirationTime('5 minutes')
    .sign(new TextEncoder().encode(JWT_SECRET));
  return reply.type('text/plain').send(token);
});

// § sign-in
app.post('/sign-in/passkey', async (request, reply) => {
  const proof = await passage.auth.verify(String(request.body?.nonce)).catch(() => null);
  if (proof?.kind !== 'authenticate' || proof.issuer !== issuer) return reply.code(401).send();
  return reply.header('set-cookie', startSession(proof.subject, proof.externalId)).code(204).send();
});

// § list
app.get('/passkeys', async (request, reply) => {
  const user = currentUser(request.headers.cookie);
  if (!user?.externalId) return reply.code(401).send();
  return passage.user.listDevices(user.externalId);
});

// § revoke
app.post('/passkeys/revoke', async (request, reply) => {
  const user = currentUser(request.headers.cookie);
  if (!user?.externalId) return reply.code(401).send();
  await passage.user.revokeDevice(user.externalId, String(request.body?.id));
  return reply.code(204).send();
});

// § start
await app.listen({ port: Number(PORT) });
