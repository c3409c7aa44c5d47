import { type Environment, splitList } from './environment.js';
import { Required, type Rule, Setting, Variables } from './variables.js';

/** No secret may be shorter, in bytes. */
export const MIN_SECRET_BYTES = 32;
const MIN_DISTINCT_BYTES = 8;
const WHAT = `${MIN_SECRET_BYTES} random bytes or more in base64, such as openssl rand -base64 32 prints`;

/** Whether bytes are so monotonous that they cannot have been drawn at random. */
export const isWeak = (bytes: Buffer): boolean => new Set(bytes).size < MIN_DISTINCT_BYTES;

const keywaySecret: Rule<KeywaySecretVariables> = (text, { env }) => {
  const members = splitList(text);
  const secrets = members.map(decode);
  const whole = secrets.filter((secret) => secret !== undefined);
  const repeats = new Set(whole.map(hex)).size < whole.length;
  const own = [...members.map((member) => hex(Buffer.from(member))), ...whole.map(hex)];
  return [
    ...secrets.flatMap((secret, index) => {
      const which = secrets.length > 1 ? `entry ${index + 1} of KEYWAY_SECRET` : 'KEYWAY_SECRET';
      if (secret === undefined || secret.length < MIN_SECRET_BYTES) return [`Set ${which} to ${WHAT}.`];
      return isWeak(secret) ? [`Set ${which} to ${WHAT}: this one is too monotonous to be random.`] : [];
    }),
    ...(repeats ? ['Set KEYWAY_SECRET to secrets that differ from each other.'] : []),
    ...namesOfTheSame(own, env).map(
      (name) => `Set KEYWAY_SECRET to a secret of its own: it is the same as ${name}.`,
    ),
  ];
};

/** The secrets of handshakes: the first signs, all of them verify; none of them is known as anything else. */
export class KeywaySecretVariables extends Variables<readonly Buffer[]> {
  @Required(`Set KEYWAY_SECRET to ${WHAT}.`)
  @Setting(keywaySecret, { isSecret: true })
  KEYWAY_SECRET?: string;

  toSettings(): readonly Buffer[] {
    return splitList(this.KEYWAY_SECRET!).map((text) => Buffer.from(text, 'base64'));
  }
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

/** What else has one of these values, in hex. */
function namesOfTheSame(values: readonly string[], env: Environment): string[] {
  const apiKey = env.secret('APP_API_KEY');
  const others = {
    JWT_SECRET: env.secret('JWT_SECRET')?.split(/\r?\n/) ?? [],
    APP_API_KEY: [apiKey, apiKey?.split('_').slice(2).join('_')],
    'the password in DATABASE_URL': [passwordIn(env.secret('DATABASE_URL'))],
  };
  return Object.entries(others).flatMap(([name, texts]) => {
    const known = texts.flatMap((text) => (text === undefined ? [] : spellings(text)));
    return values.some((value) => known.includes(value)) ? [name] : [];
  });
}

function passwordIn(databaseUrl = ''): string | undefined {
  const password = URL.parse(databaseUrl)?.password;
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
