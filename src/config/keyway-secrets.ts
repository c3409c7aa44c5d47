import { type EnvironmentReader, splitList } from './environment-reader.js';
import { isWeak, MIN_SECRET_BYTES } from './weak-secret.js';

const WHAT = `${MIN_SECRET_BYTES} random bytes or more in base64, such as openssl rand -base64 32 prints`;

/** `KEYWAY_SECRET`: the first signs, all of them verify; none of them is known as anything else. */
export function readKeywaySecrets(reader: EnvironmentReader): readonly Buffer[] | undefined {
  if (!reader.isGiven('KEYWAY_SECRET')) return reader.reportMissing(`Set KEYWAY_SECRET to ${WHAT}.`);
  const text = reader.secret('KEYWAY_SECRET');
  if (text === undefined) return undefined;
  const members = splitList(text);
  const secrets = members.map(decode);
  secrets.forEach((secret, index) => {
    const which = secrets.length > 1 ? `entry ${index + 1} of KEYWAY_SECRET` : 'KEYWAY_SECRET';
    if (secret === undefined || secret.length < MIN_SECRET_BYTES) reader.report(`Set ${which} to ${WHAT}.`);
    else if (isWeak(secret))
      reader.report(`Set ${which} to ${WHAT}: this one is too monotonous to be random.`);
  });
  const whole = secrets.filter((secret) => secret !== undefined);
  if (new Set(whole.map(hex)).size < whole.length) {
    reader.report('Set KEYWAY_SECRET to secrets that differ from each other.');
  }
  reportShared(reader, [...members.map((member) => hex(Buffer.from(member))), ...whole.map(hex)]);
  return whole;
}

/** Either alphabet, padded or not; undefined if anything in the text is not base64. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  const canonical = text
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/={1,2}$/, '');
  // Node skips what it cannot read; only the round trip shows it.
  return text !== '' && bytes.toString('base64url') === canonical ? bytes : undefined;
}

function reportShared(reader: EnvironmentReader, own: readonly string[]): void {
  const apiKey = reader.secret('APP_API_KEY');
  const others = {
    JWT_SECRET: [reader.secret('JWT_SECRET')],
    APP_API_KEY: [apiKey, apiKey?.split('_').slice(2).join('_')],
    'the password in DATABASE_URL': [databasePassword(reader)],
  };
  for (const [name, texts] of Object.entries(others)) {
    const known = texts.filter((text) => text !== undefined).flatMap(spellings);
    if (own.some((secret) => known.includes(secret))) {
      reader.report(`Set KEYWAY_SECRET to a secret of its own: it is the same as ${name}.`);
    }
  }
}

function databasePassword(reader: EnvironmentReader): string | undefined {
  const password = URL.parse(reader.secret('DATABASE_URL') ?? '')?.password;
  try {
    return password && decodeURIComponent(password);
  } catch {
    return password;
  }
}

/** The bytes that a text may stand for. */
const spellings = (text: string): string[] =>
  [Buffer.from(text), Buffer.from(text, 'base64')].filter(({ length }) => length > 0).map(hex);

const hex = (bytes: Buffer): string => bytes.toString('hex');
