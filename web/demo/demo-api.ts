import type { FlexApp } from '../flex/ceremonies.js';
import { sendJson } from '../http/request.js';

/** What a demo sign-in gives: a short-lived user token, kept in memory only. */
export interface DemoSession {
  readonly token: string;
  readonly username: string;
  readonly expiresAt: string;
}

/** The app whose passkeys sign in here. Throws `RequestError`, as do the others. */
export function demoApp(signal?: AbortSignal): Promise<FlexApp> {
  return sendJson('/demo/app', { signal });
}

/** Signs a made-up user in by name alone. */
export function signInAs(name: string): Promise<DemoSession> {
  return sendJson('/demo/sign-in', { method: 'POST', body: { name } });
}

/** Signs in whoever finished the ceremony that the nonce came from. */
export function signInWithNonce(nonce: string): Promise<DemoSession> {
  return sendJson('/demo/sign-in/passkey', { method: 'POST', body: { nonce } });
}
