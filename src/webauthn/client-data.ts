import { timingSafeEqual } from 'node:crypto';
import { Ceremony } from './ceremony.js';
import { CeremonyRefusal } from './ceremony-refusal.js';
import { RelyingParty } from './relying-party.js';

/** What the client data of a ceremony is verified against. */
export interface ExpectedClientData {
  /** The challenge that was issued, unpadded base64url. */
  readonly challenge: string;
  readonly relyingParty: RelyingParty;
}

/** Client data that is well-formed; nothing in it is verified. */
export interface ClientData {
  readonly type: string;
  readonly challenge: string;
  readonly origin: string;
  readonly crossOrigin: boolean;
  readonly topOrigin: string | undefined;
}

/**
 * Verifies untrusted `clientDataJSON` (UTF-8 bytes) by steps 5 to 11 of WebAuthn Level 3 §7.1, or 8 to 14 of §7.2, and
 * returns the origin that ran the ceremony. Members that are not named there are ignored, `tokenBinding` of Level 2 among
 * them. Throws `CeremonyRefusal`.
 */
export function verifyClientData(
  clientDataJSON: Uint8Array,
  ceremony: Ceremony,
  expected: ExpectedClientData,
): { origin: string } {
  // It is UTF-8 and a JSON object with members of the right types.
  const clientData = parseClientData(clientDataJSON, ceremony);

  // It is of this kind of ceremony.
  if (clientData.type !== ceremony.clientDataType) throw new CeremonyRefusal('type_mismatch', ceremony.type);

  // Its challenge is the one that was issued.
  if (!isSameText(clientData.challenge, expected.challenge)) {
    throw new CeremonyRefusal('challenge_mismatch', ceremony.challenge);
  }

  // Its origin is one of the app's.
  if (!expected.relyingParty.origins.includes(clientData.origin)) {
    throw new CeremonyRefusal('origin_not_allowed', ceremony.origin);
  }

  // A cross-origin frame is in a page that it names, or the app allows frames in unknown pages.
  const { crossOrigin, topOrigin } = clientData;
  const { topOrigins, unknownFrames } = expected.relyingParty;
  if (crossOrigin && topOrigin === undefined && unknownFrames !== 'allow') {
    throw new CeremonyRefusal('cross_origin', ceremony.crossOrigin);
  }

  // Only a cross-origin frame has a top origin, and the app must list it.
  if (topOrigin !== undefined) {
    if (!crossOrigin) throw new CeremonyRefusal('cross_origin', ceremony.topOrigin);
    if (!topOrigins.includes(topOrigin)) {
      throw new CeremonyRefusal('top_origin_not_allowed', ceremony.topOrigin);
    }
  }
  return { origin: clientData.origin };
}

/** Parses untrusted `clientDataJSON` (UTF-8 bytes): steps 5 and 6 of §7.1, or 8 and 9 of §7.2. Throws `CeremonyRefusal`. */
export function parseClientData(clientDataJSON: Uint8Array, ceremony: Ceremony): ClientData {
  const parsed = parseJson(decodeUtf8(clientDataJSON, ceremony), ceremony);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new CeremonyRefusal('malformed_client_data', ceremony.clientDataObject);
  }
  const { type, challenge, origin, crossOrigin, topOrigin } = parsed as Record<string, unknown>;
  if (
    typeof type !== 'string' ||
    typeof challenge !== 'string' ||
    typeof origin !== 'string' ||
    (crossOrigin !== undefined && typeof crossOrigin !== 'boolean') ||
    (topOrigin !== undefined && typeof topOrigin !== 'string')
  ) {
    throw new CeremonyRefusal('malformed_client_data', ceremony.clientDataObject);
  }
  return { type, challenge, origin, crossOrigin: crossOrigin ?? false, topOrigin };
}

function decodeUtf8(bytes: Uint8Array, ceremony: Ceremony): string {
  try {
    // Like "UTF-8 decode", this drops a byte order mark; unlike it, this refuses broken sequences.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CeremonyRefusal('malformed_client_data', ceremony.clientDataText, { cause });
  }
}

function parseJson(text: string, ceremony: Ceremony): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, so it is not kept as the cause.
    throw new CeremonyRefusal('malformed_client_data', ceremony.clientDataObject);
  }
}

function isSameText(presented: string, expected: string): boolean {
  const [a, b] = [Buffer.from(presented), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
