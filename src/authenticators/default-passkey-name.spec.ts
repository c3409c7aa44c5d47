import { defaultPasskeyName, numberedName } from './default-passkey-name.js';

const APPLE = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const BLINK = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
const LINUX = 'Mozilla/5.0 (X11; Linux x86_64)';
const ANDROID = 'Mozilla/5.0 (Linux; Android 14; K)';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)';
const IPAD = 'Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X)';
const CHROME = 'Chrome/126.0.0.0';

const aPasskey = { providerName: null, userAgent: `${MAC} ${BLINK} ${CHROME}`, backupEligible: true };
const nameBy = (userAgent: string | null) => defaultPasskeyName({ ...aPasskey, userAgent }).name;

describe('the default name of a passkey', () => {
  it('is the name of the provider if that is known', () => {
    const traits = { providerName: 'iCloud Keychain', transports: ['usb'], backupEligible: false };
    expect(defaultPasskeyName({ ...aPasskey, ...traits }).name).toBe('iCloud Keychain');
  });

  it.each([
    [{ backupEligible: false, transports: ['usb'] }],
    [{ backupEligible: false, transports: ['nfc', 'usb', 'internal'] }],
    [{ backupEligible: false, transports: [], attachment: 'cross-platform' }],
    [{ backupEligible: false, transports: ['usb', 'hybrid'], attachment: 'cross-platform' }],
  ])('is Security key for a key of unknown make: %j', (traits) => {
    expect(defaultPasskeyName({ ...aPasskey, ...traits }).name).toBe('Security key');
  });

  it.each([
    [{ backupEligible: true, transports: ['hybrid'] }],
    [{ backupEligible: false, transports: ['hybrid', 'hybrid'], attachment: 'cross-platform' }],
  ])('is Phone or tablet for a passkey that is reached by hybrid alone: %j', (traits) => {
    expect(defaultPasskeyName({ ...aPasskey, ...traits }).name).toBe('Phone or tablet');
  });

  it.each([
    [{ backupEligible: true, transports: ['hybrid', 'internal'] }],
    [{ backupEligible: true, transports: ['usb'] }],
    [{ backupEligible: false, transports: ['internal'], attachment: 'platform' }],
    [{ backupEligible: false, transports: [] }],
  ])('names the browser for any other passkey: %j', (traits) => {
    expect(defaultPasskeyName({ ...aPasskey, ...traits }).name).toBe('Chrome on macOS');
  });

  it.each([
    [`${MAC} ${BLINK} ${CHROME} Safari/537.36`, 'Chrome on macOS'],
    [`${MAC} ${APPLE} Version/17.5 Safari/605.1.15`, 'Safari on macOS'],
    [`${IPHONE} ${APPLE} Version/17.5 Mobile/15E148 Safari/604.1`, 'Safari on iPhone'],
    [`${IPHONE} ${APPLE} CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1`, 'Chrome on iPhone'],
    [`${IPHONE} ${APPLE} EdgiOS/125.0 Version/17.0 Mobile/15E148 Safari/604.1`, 'Edge on iPhone'],
    [`${IPAD} ${APPLE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15`, 'Firefox on iPad'],
    [`${WINDOWS} ${BLINK} ${CHROME} Safari/537.36 Edg/126.0.0.0`, 'Edge on Windows'],
    [`${WINDOWS} ${BLINK} ${CHROME} Safari/537.36 OPR/111.0.0.0`, 'Opera on Windows'],
    ['Mozilla/5.0 (Windows NT 10.0; rv:127.0) Gecko/20100101 Firefox/127.0', 'Firefox on Windows'],
    [`${ANDROID} ${BLINK} ${CHROME} Mobile Safari/537.36`, 'Chrome on Android'],
    [`${ANDROID} ${BLINK} ${CHROME} Mobile Safari/537.36 EdgA/126.0.0.0`, 'Edge on Android'],
    [`${ANDROID} ${BLINK} SamsungBrowser/25.0 ${CHROME} Mobile Safari/537.36`, 'Samsung Internet on Android'],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${BLINK} ${CHROME} Safari/537.36`, 'Chrome on ChromeOS'],
    [`${LINUX} ${BLINK} ${CHROME} Safari/537.36`, 'Chrome on Linux'],
    [`${LINUX} ${BLINK} HeadlessChrome/126.0.0.0 Safari/537.36`, 'Chrome on Linux'],
  ])('for the user agent %s is %s', (userAgent, name) => expect(nameBy(userAgent)).toBe(name));

  it.each([null, '', 'curl/8.7.1', 'okhttp/4.12.0', `${WINDOWS} Trident/7.0`, `${CHROME} Safari/537.36`])(
    'for the user agent %j is Passkey',
    (userAgent) => expect(nameBy(userAgent)).toBe('Passkey'),
  );
});

describe('numberedName', () => {
  it('does not change a name that is free', () => {
    expect(numberedName('Passkey', ['passkey', 'Other'])).toBe('Passkey');
  });

  it('appends the first free number to a name that is in use', () => {
    expect(numberedName('Passkey', ['Passkey'])).toBe('Passkey (2)');
    expect(numberedName('Passkey', ['Passkey (3)', 'Passkey', 'Passkey (2)'])).toBe('Passkey (4)');
    expect(numberedName('Passkey', ['Passkey', 'Passkey (3)'])).toBe('Passkey (2)');
  });

  it('stays within 64 characters and splits no character', () => {
    const base = 'x'.repeat(64);
    const second = numberedName(base, [base]);
    expect(second).toBe(`${'x'.repeat(60)} (2)`);
    const astral = '\u{1f511}'.repeat(40);
    const first = numberedName(astral, []);
    const name = numberedName(`x${astral}`, [`x${'\u{1f511}'.repeat(31)}`]);
    expect(first).toHaveLength(64);
    expect(name.length).toBeLessThanOrEqual(64);
    expect(name.isWellFormed()).toBe(true);
  });

  it('finds a free name when hundreds are in use', () => {
    const taken = ['Passkey', ...Array.from({ length: 500 }, (_, i) => `Passkey (${i + 2})`)];
    expect(numberedName('Passkey', taken)).toBe('Passkey (502)');
  });
});
