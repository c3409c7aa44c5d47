import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildKeyway, DIST } from './build-keyway.js';

describe('the comparison with a bare server', () => {
  beforeAll(buildKeyway, 150_000);

  it('finds that both servers answer alike in every scenario, so that it compares like with like', async () => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [join(process.cwd(), 'bench/main.ts')],
      {
        env: {
          PATH: process.env.PATH,
          BENCH_DATABASE_URL: process.env.TEST_DATABASE_URL,
          BENCH_DIST: DIST,
          BENCH_ROUNDS: '0',
        },
      },
    );
    expect(stderr).toBe('');
    expect(stdout.match(/^.*answer alike$/gm)).toEqual([
      'GET /user/devices: the servers answer alike',
      'POST …/authenticate/transactions/webauthn/start: the servers answer alike',
      'POST …/authenticate/transactions/webauthn/finish: the servers answer alike',
    ]);
  });
});
