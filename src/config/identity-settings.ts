import { type Environment, splitList } from './environment.js';
import { isClaimName } from './username-settings.js';
import { type Rule, Setting, Together, Variables } from './variables.js';

/** Claims that a user can choose or edit, or that an issuer gives to another person later. */
export const CHANGEABLE_CLAIMS: readonly string[] = [
  'email',
  'phone_number',
  'preferred_username',
  'username',
  'cognito:username',
  'upn',
  'unique_name',
  'name',
  'nickname',
];
const ASSIGNED =
  'to a claim that the issuer assigns once and for all, and that no user can choose or edit, such as sub';

const claimName: Rule<unknown> = (text, _group, name) => {
  if (CHANGEABLE_CLAIMS.includes(text)) return `Set ${name} ${ASSIGNED}: ${text} is not one.`;
  if (text.trim() === text && isClaimName(text)) return undefined;
  return `Set ${name} ${ASSIGNED}, without spaces around it and without control characters.`;
};

const oneOfTheIssuers: Rule<IdentityVariables> = (text, { issuers, EXTERNAL_ID_CLAIM }, name) => {
  if (EXTERNAL_ID_CLAIM === undefined)
    return `Unset ${name}: nothing reads it unless EXTERNAL_ID_CLAIM is set.`;
  return issuers.length === 0 || issuers.includes(text)
    ? undefined
    : `Set ${name} to one of the issuers in JWT_ISSUER, exactly as it stands there.`;
};

/** The members of the comma list in JWT_ISSUER, which may be bad; none if it is not set. */
export const issuersIn = (env: Environment): readonly string[] =>
  splitList(env.text('JWT_ISSUER') ?? '').filter((it) => it !== '');

/** Which claim of which issuer's tokens is an external ID; the issuer is undefined where there is only one. */
interface ClaimSettings {
  readonly name: string;
  readonly issuer: string | undefined;
}

/** Where the external IDs of identities come from, if tokens have them. */
@Together<IdentityVariables>(({ issuers, EXTERNAL_ID_CLAIM: claim, EXTERNAL_ID_ISSUER: issuer }) =>
  claim !== undefined && issuer === undefined && issuers.length > 1
    ? 'Set EXTERNAL_ID_ISSUER to the one of the issuers in JWT_ISSUER for which EXTERNAL_ID_CLAIM counts.'
    : undefined,
)
export class IdentityVariables extends Variables<ClaimSettings | null> {
  @Setting(claimName)
  EXTERNAL_ID_CLAIM?: string;

  @Setting(oneOfTheIssuers)
  EXTERNAL_ID_ISSUER?: string;

  get issuers(): readonly string[] {
    return issuersIn(this.env);
  }

  toSettings(): ClaimSettings | null {
    const { EXTERNAL_ID_CLAIM: name, EXTERNAL_ID_ISSUER: issuer } = this;
    return name === undefined ? null : { name, issuer };
  }
}
