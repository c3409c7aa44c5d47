import type { Ceremony } from './ceremony.js';
import { requestCredential } from './credentials.js';
import type { FlexApi, Started } from './flex-api.js';
import { pageIsVisible } from './page.js';
import { PassageError } from './passage-error.js';
import { signallingUnknown } from './unknown-credential.js';

type Start = Started<PublicKeyCredentialRequestOptionsJSON>;

/** An offer in autofill is renewed when its handshake is about to expire; milliseconds. */
const OFFER_LASTS = { atLeast: 10_000, unlessTold: 240_000, atMost: 3_600_000 };

/** How long until a failed renewal is tried again, doubling unless the server tells; milliseconds. */
const PAUSE = { atFirst: 5_000, atMost: 60_000, told: { atLeast: 1_000, atMost: 300_000 } };

/** Offers passkeys in autofill until the user picks one, which may be never, and resolves to a nonce. */
export async function signInByAutofill(api: FlexApi, ceremony: Ceremony): Promise<string> {
  const start = async () => {
    await pageIsVisible(ceremony.signal);
    return api.startAuthentication({}, ceremony.signal);
  };
  let started = await start();
  for (;;) {
    const { handshakeId, publicKey } = started;
    const response = await ceremony.prompt(
      () => requestCredential(publicKey, { autofill: true }),
      lifetime(publicKey),
    );
    if (response) {
      const finish = () => api.finishAuthentication({}, handshakeId, response);
      return signallingUnknown(finish, publicKey, response);
    }
    started = await renew(start, ceremony);
  }
}

/** Starts again, however often it takes: a computer that wakes up is not online yet, and a server may be busy. */
async function renew(start: () => Promise<Start>, ceremony: Ceremony): Promise<Start> {
  for (let pause = PAUSE.atFirst; ; pause = Math.min(pause * 2, PAUSE.atMost)) {
    try {
      return await start();
    } catch (error) {
      if (!mayPass(error)) throw error;
      const { atLeast, atMost } = PAUSE.told;
      const told = error.retryAfter === null ? null : clamp(error.retryAfter * 1_000, atLeast, atMost);
      await ceremony.wait(told ?? pause);
    }
  }
}

function mayPass(error: unknown): error is PassageError {
  if (!(error instanceof PassageError)) return false;
  const { code, statusCode } = error;
  return code === 'network_unreachable' || code === 'timed_out' || statusCode === 429 || statusCode >= 500;
}

function lifetime({ timeout }: PublicKeyCredentialRequestOptionsJSON): number {
  const { atLeast, unlessTold, atMost } = OFFER_LASTS;
  return timeout ? clamp(timeout * 0.8, atLeast, atMost) : unlessTold;
}

const clamp = (value: number, atLeast: number, atMost: number) => Math.min(Math.max(value, atLeast), atMost);
