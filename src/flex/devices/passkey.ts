import type { NameCode } from '../../authenticators/default-passkey-name.js';
import type { Place } from '../../authenticators/user-agent.js';
import type { LastPasskey } from '../apps/app.entity.js';
import type { PasskeyType } from '../../authenticators/passkey-type.js';

/** A passkey as its owner may see it, from either provider. */
export interface Passkey {
  readonly id: string;
  /** Credential ID, base64url without padding. */
  readonly credId: string;
  readonly friendlyName: string;
  /** What the name says, as long as it is the one given by default; else null, and where the provider does not tell. */
  readonly nameCode: NameCode | null;
  readonly type: PasskeyType;
  /** URLs or `data:` URIs; null where the provider has none. */
  readonly icons: { readonly light: string | null; readonly dark: string | null };
  readonly usageCount: number;
  /** Null until the first sign-in. */
  readonly lastLoginAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The authenticator model's name by its AAGUID; for display, never for trust. Null where it is not known. */
  readonly provider: string | null;
  /** Backup state: whether copies exist on other devices; null while unknown. */
  readonly synced: boolean | null;
  readonly transports: readonly string[];
  /** Created without asking the user, and not yet used in a sign-in that verified them; null where not told. */
  readonly automatic: boolean | null;
  /** Where it was registered and last used; null where that is not known. */
  readonly createdFrom: Place | null;
  readonly lastUsedFrom: Place | null;
}

/** All passkeys of one user, oldest first, with what a browser needs to forget those that are gone. */
export interface UserPasskeys {
  readonly devices: readonly Passkey[];
  /** How many passkeys a user may have; null where the provider does not tell. */
  readonly limit: number | null;
  /** What becomes of the revocation of the last passkey; null where the provider does not tell. */
  readonly lastPasskey: LastPasskey | null;
  /** Null where the provider does not tell. */
  readonly rpId: string | null;
  /**
   * The user handles that the passkeys carry, base64url without padding, as they were at the moment of the list: each may
   * be signalled to browsers with all of the credential IDs. None while a passkey of the user is being registered, which
   * browsers would then delete, nor where the provider does not tell.
   */
  readonly signalUserHandles: readonly string[];
}
