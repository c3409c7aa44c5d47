import type { X509Certificate } from 'node:crypto';
import { extensionOf, type NameAttribute, nameAttributes, subjectOf } from '../certificates.js';
import { type DerElement, derElements, derMembers } from '../der.js';

/** Object identifiers of certificate extensions, as the content of their DER in hex (RFC 5280 §4.2.1). */
const SUBJECT_ALT_NAME = '551d11';
const NAME_CONSTRAINTS = '551d1e';

const PERMITTED_SUBTREES = 'a0';
const EXCLUDED_SUBTREES = 'a1';

/** The kinds of names that can be compared here, by their tags. */
const DNS_NAME = '82';
const DIRECTORY_NAME = 'a4';

/** A `GeneralName` (RFC 5280 §4.2.1.6). */
interface Name {
  readonly tag: string;
  /** Of a directory name: its attributes, normalized. */
  readonly attributes: readonly string[];
  /** Of a DNS name, in lower case. */
  readonly host: string;
}

/**
 * Whether an authority may certify the names of a certificate that stands below it (RFC 5280 §4.2.1.10). Directory names
 * and DNS names are compared; a name of another kind that the authority constrains is not permitted. Throws
 * `CertificateError` if names or constraints cannot be read.
 */
export function permitsNames(authority: X509Certificate, certificate: X509Certificate): boolean {
  const constraints = extensionOf(authority, NAME_CONSTRAINTS);
  if (constraints === null) return true;
  const permitted = basesIn(constraints, PERMITTED_SUBTREES);
  const excluded = basesIn(constraints, EXCLUDED_SUBTREES);
  return namesOf(certificate).every((name) => {
    const sameKind = (bases: readonly Name[]) => bases.filter(({ tag }) => tag === name.tag);
    const [allowed, forbidden] = [sameKind(permitted), sameKind(excluded)];
    if (allowed.length === 0 && forbidden.length === 0) return true;
    if (name.tag !== DNS_NAME && name.tag !== DIRECTORY_NAME) return false;
    const isWithin = (base: Name) => contains(base, name);
    return !forbidden.some(isWithin) && (allowed.length === 0 || allowed.some(isWithin));
  });
}

/** The base of each subtree; DER has no minimum, and RFC 5280 no maximum. */
const basesIn = (constraints: Buffer, kind: string): Name[] =>
  derMembers(constraints)
    .filter(({ tag }) => tag === kind)
    .flatMap(({ content }) => derElements(content))
    .flatMap(({ content }) => derElements(content).slice(0, 1).map(toName));

/** The subject, unless it is empty, and the subject's alternative names. */
function namesOf(certificate: X509Certificate): Name[] {
  const subject = subjectOf(certificate).map(normalized);
  const others = extensionOf(certificate, SUBJECT_ALT_NAME);
  return [
    ...(subject.length > 0 ? [{ tag: DIRECTORY_NAME, attributes: subject, host: '' }] : []),
    ...(others === null ? [] : derMembers(others).map(toName)),
  ];
}

const toName = ({ tag, content }: DerElement): Name => ({
  tag,
  attributes: tag === DIRECTORY_NAME ? nameAttributes(content).map(normalized) : [],
  host: content.toString('latin1').toLowerCase(),
});

function contains(base: Name, name: Name): boolean {
  if (name.tag === DIRECTORY_NAME) return base.attributes.every((it, index) => it === name.attributes[index]);
  const domain = base.host.replace(/^\./, '');
  return domain === '' || name.host === domain || name.host.endsWith(`.${domain}`);
}

/** Without what RFC 5280 §7.1 has comparisons ignore: case, repeated blanks, and which kind of string it is. */
const normalized = ({ identifier, value }: NameAttribute): string =>
  `${identifier} ${value.trim().replace(/\s+/g, ' ').toLowerCase()}`;
