// § setup
// npm install @keyway/elements react@19
import '@keyway/elements';

const getToken = async () => (await fetch('/token')).text();

// § add
export function Account({ user }) {
  return (
    <passkey-table base-url="https://passkeys.example.com" getToken={getToken} user-key={user.id}>
      <p slot="recovery">You can always sign in with your password.</p>
    </passkey-table>
  );
}

// § sign-in
export function Login({ onSignedIn }) {
  const signIn = async ({ detail }) => {
    const answer = await fetch('/sign-in/passkey', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ nonce: detail.nonce }),
    });
    if (answer.ok) onSignedIn();
  };
  return (
    <form>
      <input name="username" autoComplete="username webauthn" aria-label="User name" />
      <passkey-sign-in
        base-url="https://passkeys.example.com"
        app-id="my-app"
        autofill
        onpasskey-nonce={signIn}
      />
    </form>
  );
}

// § list
export function PasskeyCount({ onCount }) {
  return (
    <passkey-table
      base-url="https://passkeys.example.com"
      getToken={getToken}
      onpasskeys-loaded={({ detail }) => onCount(detail.passkeys.length)}
    />
  );
}
