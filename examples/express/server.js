import { randomBytes } from 'node:crypto';
import { PassageFlex } from '@keyway/passage-flex-node';
import express from 'express';
import { SignJWT } from 'jose';
import { accountPage, policyOf, signInPage } from './pages.js';
import { end, renew, sessionOf } from './sessions.js';
import { settings } from './settings.js';
import { findById, signIn } from './users.js';

const { origin, keyway, appId, apiKey, tokenSecret, issuer, audience, port } = settings;
const { auth } = new PassageFlex({ appId, apiKey, baseUrl: `${keyway}/v1` });

const app = express();
app.use(express.static(new URL('public', import.meta.url).pathname));
app.use(express.json(), express.urlencoded({ extended: false }));
app.use((request, response, next) => {
  response.set({ 'content-security-policy': policyOf(keyway), 'cache-control': 'no-store' });
  // What changes something comes from this application's own pages.
  if (request.method === 'POST' && request.headers.origin !== origin) return response.sendStatus(403);
  next();
});

app.get('/', async (request, response) => {
  const session = sessionOf(request, response);
  const user = findById(session.userId);
  if (user) return response.send(await accountPage(user, session));
  session.passkeyState = randomBytes(32).toString('base64url');
  response.send(await signInPage(session));
});

app.post('/sign-in', (request, response) => {
  const { name = '', password = '' } = request.body;
  const user = name && password ? signIn(name, password) : null;
  const session = sessionOf(request, response);
  if (user) renew(session, response, { userId: user.id, signedInAt: now() });
  response.redirect(303, '/');
});

/** A passkey has signed in: the nonce says whose it is. */
app.post('/sign-in/passkey', async (request, response) => {
  const session = sessionOf(request, response);
  const { passkeyState } = session;
  delete session.passkeyState; // used once, also where the sign-in is refused
  const { nonce, state } = request.body;
  if (!passkeyState || state !== passkeyState || typeof nonce !== 'string') return response.sendStatus(403);
  const proof = await auth.verify(nonce).catch(() => null);
  // A registration's nonce does not sign in, nor does one of another issuer's user.
  const isOurs = proof?.kind === 'authenticate' && proof.issuer === issuer;
  const user = isOurs ? findById(proof.subject) : null;
  if (!user) return response.sendStatus(401);
  renew(session, response, { userId: user.id, signedInAt: now(), passkeyId: proof.deviceId });
  response.sendStatus(204);
});

app.post('/sign-out', (request, response) => {
  end(sessionOf(request, response), response);
  response.redirect(303, '/');
});

/** The token by which Keyway knows who is signed in here. */
app.get('/token', async (request, response) => {
  const { userId, signedInAt } = sessionOf(request, response);
  const user = findById(userId);
  if (!user) return response.sendStatus(401);
  const token = await new SignJWT({ preferred_username: user.name, auth_time: signedInAt })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(user.id)
    .setExpirationTime('5 minutes')
    .sign(new TextEncoder().encode(tokenSecret));
  response.type('text').send(token);
});

const now = () => Math.floor(Date.now() / 1000);

app.listen(port, () => console.log(`The shop is at ${origin}`));
