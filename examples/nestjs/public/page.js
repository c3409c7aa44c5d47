const table = document.querySelector('passkey-table');
if (table) {
  table.getToken = async () => {
    const answer = await fetch('/token');
    if (!answer.ok) throw new Error('The session has ended.');
    return answer.text();
  };
}

const signIn = document.querySelector('passkey-sign-in');
signIn?.addEventListener('passkey-nonce', async ({ detail }) => {
  await fetch('/sign-in/passkey', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ nonce: detail.nonce, state: signIn.dataset.state }),
  });
  location.reload();
});
