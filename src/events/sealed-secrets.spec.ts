import { randomBytes } from 'node:crypto';
import { SealedSecrets } from './sealed-secrets.js';

const [older, newer] = [randomBytes(32), randomBytes(32)];
const owner = { appId: 'shop', id: 'one' };
const secret = randomBytes(32);

it('opens what it sealed, and holds nothing of it in the clear', () => {
  const secrets = new SealedSecrets([older]);
  const sealed = secrets.seal(secret, owner);
  expect(sealed.includes(secret)).toBe(false);
  expect(secrets.seal(secret, owner).equals(sealed)).toBe(false);
  expect(secrets.open(sealed, owner)).toEqual({ secret, isOutdated: false });
});

it('opens with every secret of a rotation, and tells what an older one sealed', () => {
  const sealed = new SealedSecrets([older]).seal(secret, owner);
  expect(new SealedSecrets([newer, older]).open(sealed, owner)).toEqual({ secret, isOutdated: true });
  expect(new SealedSecrets([newer]).open(sealed, owner)).toBeNull();
});

it('opens for no other webhook or app, and nothing that was changed or cut', () => {
  const secrets = new SealedSecrets([older]);
  const sealed = secrets.seal(secret, owner);
  expect(secrets.open(sealed, { ...owner, id: 'two' })).toBeNull();
  expect(secrets.open(sealed, { ...owner, appId: 'other' })).toBeNull();
  for (const at of sealed.keys()) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    expect(secrets.open(changed, owner)).toBeNull();
    expect(secrets.open(sealed.subarray(0, at), owner)).toBeNull();
  }
});
