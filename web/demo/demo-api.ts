import { PassageError } from '@keyway/elements';

/** What a demo sign-in gives: a short-lived user token, kept in memory only. */
export interface DemoSession {
  readonly token: string;
  readonly username: string;
  readonly expiresAt: string;
  /** The passkey that signed in, if one did. */
  readonly passkeyId: string | null;
}

/** The app whose passkeys sign in here; `flexUrl` is the base URL of its ceremonies. */
export interface DemoApp {
  readonly appId: string;
  readonly flexUrl: string;
}

/** Throws `PassageError`, as do the others. */
export function demoApp(): Promise<DemoApp> {
  return ask('/demo/app');
}

/** Signs a made-up user in by name alone. */
export function signInAs(name: string): Promise<DemoSession> {
  return ask('/demo/sign-in', { name });
}

/** Signs in the user who finished the ceremony that the nonce came from. */
export function signInWithNonce(nonce: string): Promise<DemoSession> {
  return ask('/demo/sign-in/passkey', { nonce });
}

async function ask<T>(path: string, body?: object): Promise<T> {
  const post = body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, post).catch((cause: unknown) => {
    throw new PassageError('network_unreachable', 'The server cannot be reached.', 0, { cause });
  });
  const answer = (await response.json().catch(() => null)) as (T & { code?: string }) | null;
  if (response.ok && answer) return answer;
  throw new PassageError(answer?.code ?? 'invalid_response', 'The demo refused.', response.status);
}
