import { defaultPasskeyName, numberedName } from './default-passkey-name.js';
import { passkeyType } from './passkey-type.js';

const MOZILLA = 'Mozilla/5.0';
const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('the name of a new passkey', () => {
  it('is the provider’s, where it is known', () => {
    expect(defaultPasskeyName({ providerName: '1Password', userAgent: null })).toBe('1Password');
  });

  it.each([
    [
      'Chrome on macOS',
      `${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36`,
    ],
    [
      'Edge on Windows',
      `${MOZILLA} (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0`,
    ],
    ['Firefox on Linux', `${MOZILLA} (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0`],
    [
      'Safari on iPhone',
      `${MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1`,
    ],
    [
      'Chrome on iPad',
      `${MOZILLA} (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/143.0 Mobile/15E148 Safari/604.1`,
    ],
    [
      'Samsung Internet on Android',
      `${MOZILLA} (Linux; Android 15; SM-S921B) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
    ],
    ['Passkey', 'curl/8.0'],
    ['Passkey', null],
  ])('is %s by the user agent', (name, userAgent) => {
    expect(defaultPasskeyName({ providerName: null, userAgent })).toBe(name);
  });

  it('is numbered from two on where it is taken', () => {
    expect(numberedName('Passkey', [])).toBe('Passkey');
    expect(numberedName('Passkey', ['Passkey'])).toBe('Passkey (2)');
    expect(numberedName('Passkey', ['Passkey', 'Passkey (2)', 'Passkey (4)'])).toBe('Passkey (3)');
  });

  it('stays within 64 characters with its number, and splits no character', () => {
    const long = '🔑'.repeat(40);
    const first = numberedName(long, []);
    const second = numberedName(long, [first]);
    for (const name of [first, second]) {
      expect(name.length).toBeLessThanOrEqual(64);
      expect(name.isWellFormed()).toBe(true);
    }
    expect(second).toMatch(/ \(2\)$/);
  });
});

describe('the type of a passkey', () => {
  it.each([
    ['passkey', { backupEligible: true, attachment: 'cross-platform', transports: ['usb'] }],
    ['security_key', { backupEligible: false, attachment: 'cross-platform', transports: [] }],
    ['security_key', { backupEligible: false, attachment: null, transports: ['nfc'] }],
    ['platform', { backupEligible: false, attachment: 'platform', transports: ['internal'] }],
    ['platform', { backupEligible: null, attachment: null, transports: [] }],
  ] as const)('is %s for %j', (type, traits) => {
    expect(passkeyType(traits)).toBe(type);
  });
});
