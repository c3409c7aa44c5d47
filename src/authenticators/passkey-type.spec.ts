import { passkeyType } from './passkey-type.js';

describe('the type of a passkey', () => {
  it('is passkey if the credential can be backed up, with any transports', () => {
    expect(passkeyType({ backupEligible: true, attachment: 'cross-platform', transports: ['usb'] })).toBe(
      'passkey',
    );
  });

  it.each(['usb', 'nfc', 'ble'])('is security_key if the credential is reachable over %s', (transport) => {
    expect(
      passkeyType({ backupEligible: false, attachment: null, transports: ['internal', transport] }),
    ).toBe('security_key');
  });

  it('is security_key if the authenticator is cross-platform', () => {
    expect(passkeyType({ backupEligible: null, attachment: 'cross-platform' })).toBe('security_key');
  });

  it('is platform in all other cases', () => {
    expect(passkeyType({ backupEligible: false, attachment: 'platform', transports: ['internal'] })).toBe(
      'platform',
    );
    expect(passkeyType({ backupEligible: null, attachment: null, transports: ['hybrid'] })).toBe('platform');
    expect(passkeyType({ backupEligible: null })).toBe('platform');
  });
});
