// § setup
const KEYWAY = 'https://passkeys.example.com';
const FLEX = `${KEYWAY}/v1/apps/my-app`;

async function send(url, { method = 'POST', body, token } = {}) {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}: ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}

const ownToken = async () => (await fetch('/token')).text();

// § add
export async function addPasskey() {
  const token = await ownToken();
  const { transactionId } = await send(`${KEYWAY}/passkey/register`, { token });
  const { handshake } = await send(`${FLEX}/register/transactions/webauthn/start`, {
    body: { transaction_id: transactionId },
  });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(handshake.challenge.publicKey);
  const credential = await navigator.credentials.create({ publicKey });
  const { nonce } = await send(`${FLEX}/register/transactions/webauthn/finish`, {
    body: {
      transaction_id: transactionId,
      handshake_id: handshake.id,
      handshake_response: credential.toJSON(),
    },
  });
  await send(`${KEYWAY}/passkey/verify`, { token, body: { nonce } });
}

// § sign-in
export async function signIn() {
  const { handshake } = await send(`${FLEX}/authenticate/transactions/webauthn/start`, { body: {} });
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(handshake.challenge.publicKey);
  const credential = await navigator.credentials.get({ publicKey });
  const { nonce } = await send(`${FLEX}/authenticate/transactions/webauthn/finish`, {
    body: { handshake_id: handshake.id, handshake_response: credential.toJSON() },
  });
  await send('/sign-in/passkey', { body: { nonce } });
}

// § list
export async function listPasskeys() {
  const { passkeys } = await send(`${KEYWAY}/user/devices`, { method: 'GET', token: await ownToken() });
  return passkeys;
}

// § revoke
export async function revokePasskey(id) {
  await send(`${KEYWAY}/user/devices/${id}`, { method: 'DELETE', token: await ownToken() });
}
