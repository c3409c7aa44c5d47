import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const PURPOSE = 'keyway webhook secret, version 1, AES-256-GCM';
const VERSION = 1;
const NONCE = 12; // bytes
const TAG = 16; // bytes

/** Whose secret it is: what is sealed for one webhook opens for no other. */
export interface SecretOwner {
  readonly appId: string;
  readonly id: string;
}

/** Encrypts what signs webhooks, so that the database alone signs nothing: a version, a nonce, the text and its tag. */
export class SealedSecrets {
  private readonly keys: readonly Buffer[];

  /** @param secrets key material of `KEYWAY_SECRET`: the first seals, all of them open. */
  constructor(secrets: readonly Buffer[]) {
    this.keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32)));
  }

  seal(secret: Buffer, owner: SecretOwner): Buffer {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.keys[0]!, nonce).setAAD(nameOf(owner));
    const sealed = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, sealed, cipher.getAuthTag()]);
  }

  /** The secret, and whether another key than the first opened it; null if none does. */
  open(sealed: Buffer, owner: SecretOwner): { readonly secret: Buffer; readonly isOutdated: boolean } | null {
    for (const [index, key] of this.keys.entries()) {
      const secret = openWith(key, sealed, nameOf(owner));
      if (secret) return { secret, isOutdated: index > 0 };
    }
    return null;
  }
}

/** Neither of the two ids has a space. */
const nameOf = ({ appId, id }: SecretOwner): Buffer => Buffer.from(`${appId} ${id}`);

function openWith(key: Buffer, sealed: Buffer, name: Buffer): Buffer | null {
  if (sealed[0] !== VERSION || sealed.length <= 1 + NONCE + TAG) return null;
  const nonce = sealed.subarray(1, 1 + NONCE);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG })
    .setAAD(name)
    .setAuthTag(sealed.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE, -TAG)), decipher.final()]);
  } catch {
    return null;
  }
}
