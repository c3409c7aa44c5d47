import type { X509Certificate } from 'node:crypto';

const MAX_LEVELS = 8;

/**
 * Finds the roots that several models share: a root that is listed for more than one, even as another certificate of the
 * same name and key, and a root that certifies another model's. `roots` holds the list of each model.
 */
export function findSharedRoots(
  roots: ReadonlyMap<string, readonly X509Certificate[]>,
): (root: X509Certificate) => boolean {
  const all = [...roots.values()].flat();
  const bySubject = Map.groupBy(all, ({ subject }) => subject);
  const models = new Map<string, Set<string>>();
  for (const [model, own] of roots) {
    for (const root of own.flatMap((it) => [it, ...authoritiesAbove(it, bySubject)])) {
      const identity = identityOf(root);
      models.set(identity, (models.get(identity) ?? new Set()).add(model));
    }
  }
  return (root) => (models.get(identityOf(root))?.size ?? 0) > 1;
}

function authoritiesAbove(
  root: X509Certificate,
  bySubject: ReadonlyMap<string, readonly X509Certificate[]>,
): X509Certificate[] {
  const found = new Map<string, X509Certificate>();
  let level = [root];
  for (let depth = 0; depth < MAX_LEVELS && level.length > 0; depth += 1) {
    const above = level.flatMap((it) => (bySubject.get(it.issuer) ?? []).filter((by) => isIssuedBy(it, by)));
    level = above.filter((it) => !found.has(identityOf(it)));
    for (const it of level) found.set(identityOf(it), it);
  }
  return [...found.values()];
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  try {
    return certificate.verify(authority.publicKey);
  } catch {
    // A signature of an unknown algorithm was not made with this key.
    return false;
  }
}

const identityOf = ({ subject, publicKey }: X509Certificate): string =>
  `${subject}\n${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;
