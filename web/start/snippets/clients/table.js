// § setup
// npm install @keyway/elements
import '@keyway/elements';

// § add
// Account page: <passkey-table base-url="https://passkeys.example.com"></passkey-table>
const table = document.querySelector('passkey-table');
table.getToken = async () => {
  const answer = await fetch('/token');
  if (!answer.ok) throw new Error('The session has ended.');
  return answer.text();
};

// § sign-in
// Login page: <input name="username" autocomplete="username webauthn" />
// <passkey-sign-in base-url="https://passkeys.example.com" app-id="my-app" autofill></passkey-sign-in>
document.querySelector('passkey-sign-in').addEventListener('passkey-nonce', async ({ detail }) => {
  const answer = await fetch('/sign-in/passkey', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ nonce: detail.nonce }),
  });
  if (answer.ok) table.reset(); // or go to the account page
});

// § list
// The table lists, renames and revokes by itself, and tells what it did.
table.addEventListener('passkeys-loaded', ({ detail }) => console.log(detail.passkeys));

// § revoke
table.addEventListener('passkey-revoked', ({ detail }) =>
  console.log('Revoked:', detail.passkey.friendlyName),
);
