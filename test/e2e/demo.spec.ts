import { ask } from './ask.js';
import { buildKeyway } from './build-keyway.js';
import { aDirectory, runKeyway, startKeyway, sweep } from './keyway-process.js';
import { freePort } from '../support/free-port.js';

/** ms; the embedded database takes its time where there is little of a processor. */
const PATIENCE = 120_000;

describe('the demo', () => {
  beforeAll(buildKeyway, 150_000);
  afterEach(sweep);

  it(
    'starts without settings, serves its page, and signs in any user name',
    async () => {
      const { url, ending, signal } = await startKeyway({ PORT: String(await freePort()) });
      const page = await ask(url, { headers: { accept: 'text/html' } });
      expect(page.status).toBe(200);
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      const signedIn = await ask(`${url}/demo/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'Ada' }),
      });
      expect(signedIn.status).toBe(200);
      const { token } = JSON.parse(signedIn.body);
      const listed = await ask(`${url}/user/devices`, { headers: { authorization: `Bearer ${token}` } });
      expect(JSON.parse(listed.body)).toMatchObject({ passkeys: [] });
      signal('SIGINT');
      expect(await ending).toMatchObject({ code: 0, stderr: '' });
    },
    PATIENCE,
  );

  it(
    'locks its database against a second process until the first one has ended',
    async () => {
      const directory = aDirectory();
      const first = await startKeyway({ PORT: String(await freePort()) }, directory);
      const refused = await runKeyway({ PORT: String(await freePort()) }, directory);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(
        /^Keyway cannot start\.\nThe embedded database in [^\n]+ is in use by another process: [^\n]+ DATA_DIR [^\n]+\.\n$/,
      );
      expect((await ask(`${first.url}/health/ready`)).status).toBe(200);
      // Not even a chance to tidy up may keep the next one out.
      first.signal('SIGKILL');
      await first.ending;
      const next = await startKeyway({ PORT: String(await freePort()) }, directory);
      expect((await ask(`${next.url}/health/ready`)).status).toBe(200);
    },
    PATIENCE,
  );
});
