/** Where a provider says how a passkey is deleted, by the beginning of the provider's name. */
const GUIDES: readonly (readonly [name: RegExp, url: string])[] = [
  [/^(Apple|iCloud)/, 'https://support.apple.com/guide/passwords/welcome/mac'],
  [/^(Google|Chrome)/, 'https://support.google.com/chrome/answer/13168025'],
  [
    /^(Windows Hello|Microsoft)/,
    'https://support.microsoft.com/windows/passkeys-in-windows-301c8944-5ea2-452b-9886-97e4d2ef4422',
  ],
  [/^1Password/, 'https://support.1password.com/save-use-passkeys/'],
  [/^Bitwarden/, 'https://bitwarden.com/help/storing-passkeys/'],
  [/^Proton/, 'https://proton.me/support/pass-use-passkeys'],
];

/** The provider's page on deleting a passkey, or undefined where none is known. */
export const deletionGuide = (provider: string): string | undefined =>
  GUIDES.find(([name]) => name.test(provider))?.[1];
