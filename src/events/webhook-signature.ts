import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const BYTES = 32;

/** What signs, as its receiver is given it: `whsec_` and 32 random bytes in base64. */
export const makeWebhookSecret = (): Buffer => randomBytes(BYTES);

/** The text of a secret that its receiver sets. */
export const spellSecret = (secret: Buffer): string => PREFIX + secret.toString('base64');

/**
 * The headers of one attempt (Standard Webhooks 1.0): the event's id, which stays the same, the time of this attempt in
 * seconds, and a signature by each secret.
 */
export function signatureHeaders(
  id: string,
  body: string,
  secrets: readonly Buffer[],
  now = Date.now(),
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const signatures = secrets.map((secret) => {
    const code = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
    return `v1,${code}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
