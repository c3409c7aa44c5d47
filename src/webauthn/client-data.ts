import { timingSafeEqual } from 'node:crypto';
import { Ceremony } from './ceremony.js';
import { CeremonyRefusal } from './ceremony-refusal.js';
import { RelyingParty } from './relying-party.js';

/** What the client data of a ceremony has to say. */
export interface ExpectedClientData {
  /** The challenge that was issued, unpadded base64url. */
  readonly challenge: string;
  readonly relyingParty: RelyingParty;
}

interface ClientData {
  readonly type: string;
  readonly challenge: string;
  readonly origin: string;
  readonly crossOrigin: boolean;
  readonly topOrigin: string | undefined;
}

/**
 * Verifies `clientDataJSON` (UTF-8 bytes) as steps 5 to 11 of WebAuthn Level 3 §7.1 and 8 to 14 of §7.2 demand, and
 * returns the origin that ran the ceremony. Throws `CeremonyRefusal`.
 */
export function verifyClientData(
  clientDataJSON: Uint8Array,
  ceremony: Ceremony,
  expected: ExpectedClientData,
): { origin: string } {
  // The text is UTF-8 and parses as JSON into an object that has every member of the type it should.
  const clientData = parseClientData(clientDataJSON, ceremony);

  // The response belongs to this kind of ceremony.
  if (clientData.type !== ceremony.clientDataType) throw new CeremonyRefusal('type_mismatch', ceremony.type);

  // It answers the challenge that was issued.
  if (!isSameText(clientData.challenge, expected.challenge)) {
    throw new CeremonyRefusal('challenge_mismatch', ceremony.challenge);
  }

  // It was made on one of the app's own origins.
  if (!expected.relyingParty.origins.includes(clientData.origin)) {
    throw new CeremonyRefusal('origin_not_allowed', ceremony.origin);
  }

  // A frame inside another site's page is expected only if that page is known to be one the app lists.
  const { crossOrigin, topOrigin } = clientData;
  if (crossOrigin && topOrigin === undefined) throw new CeremonyRefusal('cross_origin', ceremony.crossOrigin);

  // A top origin exists only where the frame is cross-origin, and has to be listed.
  if (topOrigin !== undefined) {
    if (!crossOrigin) throw new CeremonyRefusal('cross_origin', ceremony.topOrigin);
    if (!expected.relyingParty.topOrigins.includes(topOrigin)) {
      throw new CeremonyRefusal('top_origin_not_allowed', ceremony.topOrigin);
    }
  }
  return { origin: clientData.origin };
}

function parseClientData(clientDataJSON: Uint8Array, ceremony: Ceremony): ClientData {
  const parsed = parseJson(decodeUtf8(clientDataJSON, ceremony), ceremony);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new CeremonyRefusal('malformed_client_data', ceremony.clientDataObject);
  }
  const { type, challenge, origin, crossOrigin, topOrigin, tokenBinding } = parsed as Record<string, unknown>;
  if (
    typeof type !== 'string' ||
    typeof challenge !== 'string' ||
    typeof origin !== 'string' ||
    (crossOrigin !== undefined && typeof crossOrigin !== 'boolean') ||
    (topOrigin !== undefined && typeof topOrigin !== 'string') ||
    !isTokenBinding(tokenBinding)
  ) {
    throw new CeremonyRefusal('malformed_client_data', ceremony.clientDataObject);
  }
  return { type, challenge, origin, crossOrigin: crossOrigin ?? false, topOrigin };
}

function decodeUtf8(bytes: Uint8Array, ceremony: Ceremony): string {
  try {
    // "UTF-8 decode" drops a byte order mark, and so does this; unlike it, this refuses broken sequences.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CeremonyRefusal('malformed_client_data', ceremony.clientDataText, { cause });
  }
}

function parseJson(text: string, ceremony: Ceremony): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text it failed on, so it is not kept.
    throw new CeremonyRefusal('malformed_client_data', ceremony.clientDataObject);
  }
}

/** Level 3 reserves `tokenBinding` without a meaning; the form of Level 2 is let through, as old clients send it. */
function isTokenBinding(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { status } = value as Record<string, unknown>;
  return status === 'present' || status === 'supported';
}

function isSameText(presented: string, expected: string): boolean {
  const [a, b] = [Buffer.from(presented), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
