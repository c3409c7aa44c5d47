import { TOKEN_ALGORITHMS, type TokenAlgorithm, type VerificationSettings } from './configuration.js';
import { splitList } from './environment.js';
import { CHANGEABLE_CLAIMS } from './identity-settings.js';
import { issuerProblems } from './issuer-rules.js';
import {
  ANY_KEY,
  ASYMMETRIC,
  KEY_SETTINGS,
  keysOfIssuer,
  type KeySource,
  readKeySource,
} from './token-keys.js';
import { isClaimName } from './username-settings.js';
import { Required, type Rule, Setting, Together, Variables } from './variables.js';

const ISSUER = 'the iss claim of the users’ tokens, exactly as it stands there';
const AUDIENCE = 'the aud claim that the users’ tokens carry for this service';
/** Claims that say something else, or that users choose. */
const NO_AUDIENCE = new Set(['iss', 'sub', 'exp', 'nbf', 'iat', 'jti', 'typ', ...CHANGEABLE_CLAIMS]);

const keys: Rule<TokenVariables> = (_text, group, name) => {
  const read = readKeySource(name, group);
  return 'problems' in read ? read.problems : undefined;
};

const algorithms: Rule<TokenVariables> = (text, group) => {
  const problems = splitList(text).map((name) => algorithmProblem(name, group.keySource()?.possible));
  return [...new Set(problems.filter((it) => it !== undefined))].map((it) => `Set JWT_ALGORITHMS ${it}.`);
};

/** The members of a comma list of claims; none if the text is missing or bad. */
function membersOf(text: string | undefined): string[] {
  if (text === undefined || text.trim() !== text) return [];
  const members = splitList(text);
  return members.every((it) => it !== '' && !/\p{Cc}/u.test(it)) ? members : [];
}

const claims =
  (what: string): Rule<unknown> =>
  (text, _group, name) => {
    const members = membersOf(text);
    if (members.length === 0) {
      return `Set ${name} to ${what}, without spaces around it and without control characters, or to a comma list of such.`;
    }
    const isRepeated = name === 'JWT_ISSUER' && new Set(members).size < members.length;
    return isRepeated ? 'Set JWT_ISSUER to a list that names each issuer once.' : undefined;
  };

const audienceClaim: Rule<unknown> = (text) =>
  isClaimName(text) && text.trim() === text && !text.includes(',') && !NO_AUDIENCE.has(text)
    ? undefined
    : 'Set JWT_AUDIENCE_CLAIM to the one claim that names, in tokens without aud, the client they were issued to, ' +
      'such as client_id or azp.';

const trueOrFalse: Rule<unknown> = (text, _group, name) =>
  text === 'true' || text === 'false' ? undefined : `Set ${name} to true or false.`;

const insecure: Rule<TokenVariables> = (text, group, name) => {
  if (text !== 'true') return trueOrFalse(text, group, name);
  const uris = group.JWT_JWKS_URI === undefined ? [] : splitList(group.JWT_JWKS_URI);
  return uris.some((uri) => /^http:/i.test(uri))
    ? undefined
    : 'Unset JWT_JWKS_INSECURE: it is for an http address in JWT_JWKS_URI alone.';
};

/**
 * How users' tokens are verified: issuers, their audiences, and their keys by one key setting, or by OpenID discovery if
 * there is none; unless told otherwise, by every algorithm that the keys can serve.
 */
@Together<TokenVariables>((group) =>
  issuerProblems({
    issuers: membersOf(group.JWT_ISSUER),
    audiences: membersOf(group.JWT_AUDIENCE),
    keysGiven: group.keysGiven,
    source: group.keySource(),
    sharesKeys: group.sharesKeys,
    isProduction: group.env.isProduction,
  }),
)
export class TokenVariables extends Variables<VerificationSettings> {
  @Setting(keys)
  JWT_JWKS_URI?: string;

  @Setting(keys, { isSecret: true })
  JWT_PUBLIC_KEY?: string;

  @Setting(keys, { isSecret: true })
  JWT_SECRET?: string;

  @Setting(algorithms)
  JWT_ALGORITHMS?: string;

  @Required(
    `Set JWT_ISSUER to ${ISSUER}; unless one of ${ANY_KEY} is set, its keys are found by OpenID discovery.`,
  )
  @Setting(claims(ISSUER))
  JWT_ISSUER?: string;

  @Required(`Set JWT_AUDIENCE to ${AUDIENCE}.`)
  @Setting(claims(AUDIENCE))
  JWT_AUDIENCE?: string;

  @Setting(audienceClaim)
  JWT_AUDIENCE_CLAIM?: string;

  @Setting(trueOrFalse)
  JWT_ISSUERS_SHARE_KEYS?: string;

  @Setting(insecure)
  JWT_JWKS_INSECURE?: string;

  get keysGiven(): string[] {
    return KEY_SETTINGS.flatMap((name) => this.env.givenAs(name) ?? []);
  }

  get sharesKeys(): boolean {
    return this.JWT_ISSUERS_SHARE_KEYS === 'true';
  }

  /** What the one key setting says, if there is just one and it is good. */
  keySource(): KeySource | undefined {
    const name = KEY_SETTINGS.find((it) => this[it] !== undefined);
    if (name === undefined || this.keysGiven.length !== 1) return undefined;
    const read = readKeySource(name, this);
    return 'problems' in read ? undefined : read;
  }

  toSettings(): VerificationSettings {
    const source = this.keySource();
    const names = membersOf(this.JWT_ISSUER);
    const audiences = membersOf(this.JWT_AUDIENCE);
    const isPaired = names.length > 1 && !this.sharesKeys;
    const named = this.JWT_ALGORITHMS && ([...new Set(splitList(this.JWT_ALGORITHMS))] as TokenAlgorithm[]);
    const claim = this.JWT_AUDIENCE_CLAIM ?? 'aud';
    return {
      issuers: names.map((name, index) => ({
        name,
        audience: audiences[index] ?? audiences[0]!,
        keys: source ? keysOfIssuer(source, isPaired ? index : null) : { kind: 'discovery' },
      })),
      algorithms: named || (source?.possible ?? ASYMMETRIC),
      audienceClaim: claim === 'aud' ? null : claim,
    };
  }
}

function algorithmProblem(name: string, possible: readonly TokenAlgorithm[] | undefined): string | undefined {
  if (name.toLowerCase() === 'none') return 'without none: a token that is not signed proves nothing';
  if (!TOKEN_ALGORITHMS.some((it) => it === name))
    return `to a comma list out of ${TOKEN_ALGORITHMS.join(', ')}`;
  if (!possible || possible.some((it) => it === name)) return undefined;
  return `to algorithms that the key can serve, out of ${possible.join(', ')}`;
}
