import { SettingsService } from '@simplewebauthn/server';
import type { TestAuthority } from './x509.js';

type Identifier = Parameters<typeof SettingsService.getRootCertificates>[0]['identifier'];

/** Lets `work` run with other root certificates than the library's own, which come back afterwards. */
export async function withRoots<T>(
  identifier: Identifier,
  authorities: readonly Pick<TestAuthority, 'x509'>[],
  work: () => Promise<T>,
): Promise<T> {
  const own = SettingsService.getRootCertificates({ identifier });
  const certificates = authorities.map(({ x509 }) => x509.toString());
  SettingsService.setRootCertificates({ identifier, certificates });
  try {
    return await work();
  } finally {
    SettingsService.setRootCertificates({ identifier, certificates: own });
  }
}
