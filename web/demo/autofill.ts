import { authenticateDiscoverable, supportsAutofill } from '../flex/ceremonies.js';
import { demoApp } from './demo-api.js';

/** Milliseconds after which an offer is renewed; its handshake would be worthless after five minutes. */
const OFFER_LASTS = 4 * 60_000;

/**
 * Offers passkeys in the autofill of the name field until `signal` aborts, and hands on the nonce once one is
 * chosen. Throws what goes wrong after the choice; where no offer can be made, it ends silently.
 */
export async function offerPasskeys(signal: AbortSignal): Promise<string | null> {
  if (!(await supportsAutofill())) return null;
  while (!signal.aborted) {
    const offer = AbortSignal.any([signal, AbortSignal.timeout(OFFER_LASTS)]);
    try {
      return await authenticateDiscoverable(await demoApp(offer), { signal: offer, autofill: true });
    } catch (error) {
      if (!offer.aborted) throw error;
    }
  }
  return null;
}
