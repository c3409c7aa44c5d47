import { deepStrictEqual } from 'node:assert';
import { jsonFrom, SIGN_IN_PATH } from './fixture.ts';
import type { Load, Request } from './load-worker.ts';
import type { Server } from './servers.ts';
import { assertWritten, type Credential, prepareSignIns } from './sign-ins.ts';
import type { Tokens } from './tokens.ts';

export interface Scenario extends Pick<Load, 'method' | 'path'> {
  readonly title: string;
  /** `count` requests made for this server, or as many as there are. */
  readonly requestsTo: (server: Server, count: number) => Promise<readonly Request[]>;
  /** Whether each of them is answered but once. */
  readonly isOnce: boolean;
  /** What every right answer matches. */
  readonly answer: RegExp;
  /** The answer without what is different each time. */
  readonly comparable: (answer: unknown) => unknown;
  /** Throws unless the answers so far were followed by deeds. */
  readonly assertDone?: () => Promise<void>;
}

const STARTS = 10_000;
const SAMPLES = 20;

/** A user looks at their passkeys. */
export function listPasskeys({ all }: Tokens): Scenario {
  const requests = all.map((token) => ({ headers: { authorization: `Bearer ${token}` } }));
  return {
    title: 'GET /user/devices',
    method: 'GET',
    path: '/user/devices',
    requestsTo: () => Promise.resolve(requests),
    isOnce: false,
    answer: /"passkeys":\[\{/,
    comparable: withoutIconVersions,
  };
}

/** Somebody who is not known yet opens the sign-in page. */
export function startSignIn(): Scenario {
  const requests = Array.from({ length: STARTS }, (_, i) => ({ headers: jsonFrom(i), body: '{}' }));
  return {
    title: 'POST …/authenticate/transactions/webauthn/start',
    method: 'POST',
    path: `${SIGN_IN_PATH}/start`,
    requestsTo: () => Promise.resolve(requests),
    isOnce: false,
    answer: /"handshake":\{"id":"kh1\./,
    comparable: withoutHandshake,
  };
}

/** They pick a passkey, and it has signed. */
export const finishSignIn = (credentials: readonly Credential[], databaseUrl: string): Scenario => ({
  title: 'POST …/authenticate/transactions/webauthn/finish',
  method: 'POST',
  path: `${SIGN_IN_PATH}/finish`,
  requestsTo: ({ url }, count) => prepareSignIns(credentials, url, count),
  isOnce: true,
  answer: /^\{"nonce":"[\w-]{43}"\}$/,
  comparable: (answer) => ({ nonce: (answer as { nonce: string }).nonce.length }),
  assertDone: () => assertWritten(databaseUrl, credentials),
});

/** Throws unless all servers answer alike to a sample of the requests, and refuse to answer again what is for once. */
export async function assertSameAnswers(scenario: Scenario, servers: readonly Server[]): Promise<void> {
  const answers: unknown[][] = [];
  for (const server of servers) answers.push(await sample(scenario, server));
  const [first, ...others] = answers;
  for (const other of others) deepStrictEqual(other, first, `The servers differ in ${scenario.title}.`);
  await scenario.assertDone?.();
}

async function sample(scenario: Scenario, server: Server): Promise<unknown[]> {
  const { title, isOnce, comparable } = scenario;
  const requests = await scenario.requestsTo(server, SAMPLES);
  const step = Math.floor(requests.length / SAMPLES);
  const answers: unknown[] = [];
  for (let i = 0; i < requests.length; i += step) {
    const response = await ask(server, scenario, requests[i]!);
    if (!response.ok) throw new Error(`${server.name} answers ${response.status} to ${title}.`);
    answers.push(comparable(await response.json()));
    if (isOnce && (await ask(server, scenario, requests[i]!)).ok) {
      throw new Error(`${server.name} answers the same request twice to ${title}.`);
    }
  }
  return answers;
}

const ask = ({ url }: Server, { method, path }: Scenario, request: Request): Promise<Response> =>
  fetch(url + path, { method, ...request });

/** What changes with the content of an icon is replaced by its length. */
const withoutIconVersions = (answer: unknown): unknown =>
  JSON.parse(
    JSON.stringify(answer).replace(/\?v=([\w-]+)/g, (_text, version: string) => `?v=${version.length}`),
  );

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
