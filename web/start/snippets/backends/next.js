// § setup
// npm install @keyway/passage-flex-node jose
// lib/passkeys.js; each handler below is the route.js of its folder: app/token, app/sign-in/passkey, …
import { PassageFlex } from '@keyway/passage-flex-node';
import { SignJWT } from 'jose';
import { currentUser, startSession } from './login.js'; // yours

const { APP_API_KEY, JWT_SECRET, ORIGIN } = process.env; // the first two as Keyway has them
const [issuer, audience] = ['https://login.example.com', 'keyway']; // JWT_ISSUER and JWT_AUDIENCE of Keyway
const passage = new PassageFlex({
  appId: 'my-app',
  apiKey: APP_API_KEY,
  baseUrl: 'https://passkeys.example.com/v1',
});

const status = (code) => new Response(null, { status: code });
const userOf = (request) => currentUser(request.headers.get('cookie') ?? undefined);
/** What changes something comes from your own pages. */
const isOurs = (request) => request.headers.get('origin') === ORIGIN;

// § token
export async function getToken(request) {
  const user = userOf(request);
  if (!user) return status(401);
  const token = await new SignJWT({ preferred_username: user.name, auth_time: user.signedInAt })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(user.id)
    .setExpirationTime('5 minutes')
    .sign(new TextEncoder().encode(JWT_SECRET));
  return new Response(token, { headers: { 'cache-control': 'no-store' } });
} // app/token/route.js: export { getToken as GET } from '@/lib/passkeys';

// § sign-in
export async function postSignIn(request) {
  if (!isOurs(request)) return status(403);
  const { nonce } = await request.json();
  const proof = await passage.auth.verify(String(nonce)).catch(() => null);
  if (proof?.kind !== 'authenticate' || proof.issuer !== issuer) return status(401);
  const cookie = startSession(proof.subject, proof.externalId);
  return new Response(null, { status: 204, headers: { 'set-cookie': cookie } });
} // app/sign-in/passkey/route.js: export { postSignIn as POST } from '@/lib/passkeys';

// § list
export async function getPasskeys(request) {
  const user = userOf(request);
  if (!user?.externalId) return status(401);
  return Response.json(await passage.user.listDevices(user.externalId));
} // app/passkeys/route.js: export { getPasskeys as GET } from '@/lib/passkeys';

// § revoke
export async function postRevoke(request) {
  const user = userOf(request);
  if (!isOurs(request) || !user?.externalId) return status(403);
  const { id } = await request.json();
  await passage.user.revokeDevice(user.externalId, String(id));
  return status(204);
} // app/passkeys/revoke/route.js: export { postRevoke as POST } from '@/lib/passkeys';
