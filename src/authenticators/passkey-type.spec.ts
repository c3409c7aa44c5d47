import { passkeyType } from './passkey-type.js';

describe('the type of a passkey', () => {
  it('is passkey when it can be backed up, wherever it lives', () => {
    expect(passkeyType({ backupEligible: true, attachment: 'cross-platform', transports: ['usb'] })).toBe(
      'passkey',
    );
  });

  it.each(['usb', 'nfc', 'ble'])('is security_key when it can be reached by %s', (transport) => {
    expect(
      passkeyType({ backupEligible: false, attachment: null, transports: ['internal', transport] }),
    ).toBe('security_key');
  });

  it('is security_key when it was attached from outside', () => {
    expect(passkeyType({ backupEligible: null, attachment: 'cross-platform' })).toBe('security_key');
  });

  it('is platform otherwise', () => {
    expect(passkeyType({ backupEligible: false, attachment: 'platform', transports: ['internal'] })).toBe(
      'platform',
    );
    expect(passkeyType({ backupEligible: null, attachment: null, transports: ['hybrid'] })).toBe('platform');
    expect(passkeyType({ backupEligible: null })).toBe('platform');
  });
});
