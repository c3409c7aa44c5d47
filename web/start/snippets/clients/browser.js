// § setup
// npm install @keyway/passage-flex-js
import { PassageFlex, UserApi } from '@keyway/passage-flex-js';

const { passkey } = new PassageFlex('my-app', { baseUrl: 'https://passkeys.example.com/v1' });
const account = new UserApi('https://passkeys.example.com', async () => (await fetch('/token')).text());

// § add
export async function addPasskey() {
  const { transactionId } = await account.beginRegistration();
  const nonce = await passkey.register(transactionId, { authenticatorAttachment: 'any' });
  await account.verify(nonce);
}

// § sign-in
export async function signIn() {
  const nonce = await passkey.authenticate();
  const answer = await fetch('/sign-in/passkey', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ nonce }),
  });
  if (!answer.ok) throw new Error('The sign-in was refused.');
}

// § list
export async function listPasskeys() {
  const { passkeys } = await account.list();
  return passkeys;
}

// § revoke
export const revokePasskey = (id) => account.revoke(id);
