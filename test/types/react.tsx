import '@keyway/elements';
import type {} from '@keyway/elements/react';

/* What has to compile in an application with React, and what must not. */
export const account = (
  <>
    <passkey-table
      base-url="https://passkeys.example.com"
      current-passkey="abc"
      search-from={20}
      getToken={() => Promise.resolve('token')}
      texts={{ heading: 'My passkeys', errors: { last_passkey: 'Keep it.' } }}
      onpasskey-added={({ detail }) => detail.passkey?.friendlyName.toUpperCase()}
      onpasskey-revoking={(event) => (event.preventDefault(), event.detail.proceed('nonce'))}
    >
      <p slot="recovery">Call us.</p>
    </passkey-table>
    <passkey-sign-in app-id="my-app" autofill onpasskey-nonce={({ detail }) => detail.nonce.length}>
      Sign in
    </passkey-sign-in>
    {/* @ts-expect-error a token is given by a function */}
    <passkey-table getToken="token" />
    {/* @ts-expect-error no such text */}
    <passkey-table texts={{ title: 'My passkeys' }} />
  </>
);
