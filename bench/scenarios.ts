import { deepStrictEqual } from 'node:assert';
import { FIXTURE } from './fixture.ts';
import type { Load } from './load-worker.ts';
import type { Server } from './servers.ts';
import type { Tokens } from './tokens.ts';

export interface Scenario {
  readonly title: string;
  readonly request: Pick<Load, 'method' | 'path' | 'body' | 'headers'>;
  /** The answer without what is different each time. */
  readonly comparable: (answer: unknown) => unknown;
}

/** Far enough apart for the limit of requests from one address never to be reached. */
const ADDRESSES = 10_000;
const SAMPLES = 20;

/** A user looks at their passkeys. */
export const listPasskeys = ({ all }: Tokens): Scenario => ({
  title: 'GET /user/devices',
  request: {
    method: 'GET',
    path: '/user/devices',
    headers: all.map((token) => ({ authorization: `Bearer ${token}` })),
  },
  comparable: (answer) => answer,
});

/** Somebody who is not known yet opens the sign-in page. */
export const startSignIn = (): Scenario => ({
  title: 'POST …/authenticate/transactions/webauthn/start',
  request: {
    method: 'POST',
    path: `/v1/apps/${FIXTURE.appId}/authenticate/transactions/webauthn/start`,
    body: '{}',
    headers: Array.from({ length: ADDRESSES }, (_, i) => ({
      'content-type': 'application/json',
      'x-forwarded-for': `10.${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
    })),
  },
  comparable: withoutHandshake,
});

/** Throws unless all servers answer alike to a sample of the requests. */
export async function assertSameAnswers(scenario: Scenario, servers: readonly Server[]): Promise<void> {
  const { headers, path, method, body } = scenario.request;
  const step = Math.floor(headers.length / SAMPLES);
  for (let i = 0; i < headers.length; i += step) {
    const answers = servers.map(async ({ name, url }) => {
      const response = await fetch(url + path, { method, headers: headers[i]!, ...(body && { body }) });
      if (!response.ok) throw new Error(`${name} answers ${response.status} to ${method} ${path}.`);
      return scenario.comparable(await response.json());
    });
    const [first, ...others] = await Promise.all(answers);
    for (const other of others) deepStrictEqual(other, first, `The servers differ in ${scenario.title}.`);
  }
}

/** The random and signed texts are replaced by their lengths. */
function withoutHandshake(answer: unknown): unknown {
  const { handshake } = answer as {
    handshake: { id: string; challenge: { publicKey: { challenge: string } } };
  };
  const { publicKey } = handshake.challenge;
  return {
    ...(answer as object),
    handshake: {
      ...handshake,
      id: handshake.id.length,
      challenge: { publicKey: { ...publicKey, challenge: publicKey.challenge.length } },
    },
  };
}
