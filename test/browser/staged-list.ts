const KINDS = [
  { friendlyName: 'MacBook', provider: 'Apple Passwords', type: 'passkey', synced: true },
  { friendlyName: 'Work laptop', provider: 'Windows Hello', type: 'platform', synced: false },
  { friendlyName: 'Blue security key', provider: null, type: 'security_key', synced: false },
  { friendlyName: 'مفتاح العمل', provider: 'Samsung Pass', type: 'passkey', synced: true },
  { friendlyName: 'Family vault', provider: '1Password', type: 'passkey', synced: true },
  {
    friendlyName: 'AVeryLongNameWithoutAnySpaceInItThatSomebodyTypedOnATelephone',
    provider: null,
    type: 'passkey',
    synced: true,
  },
] as const;
const DAY = 86_400_000;

/** What the server would answer to somebody with this many passkeys, of all kinds. */
export function listOf(count: number) {
  const passkeys = Array.from({ length: count }, (_, index) => {
    const round = Math.floor(index / KINDS.length);
    const kind = KINDS[index % KINDS.length]!;
    const createdAt = new Date(Date.now() - (index * 40 + 3) * DAY).toISOString();
    return {
      ...kind,
      friendlyName: round === 0 ? kind.friendlyName : `${kind.friendlyName} (${round + 1})`.slice(-64),
      id: `passkey-${index}`,
      credId: `credential-of-the-passkey-number-${index}`,
      icons: { light: null, dark: null },
      transports: ['internal', 'hybrid'],
      automatic: index === 4,
      createdAt,
      updatedAt: createdAt,
      lastLoginAt: index % 3 === 2 ? null : new Date(Date.now() - (index + 2) * DAY).toISOString(),
      usageCount: index % 3 === 2 ? 0 : 37,
      createdFrom: { browser: 'Chrome', system: 'macOS' },
      lastUsedFrom: index % 2 === 0 ? { browser: 'Chrome', system: 'Windows' } : null,
    };
  });
  return { username: 'ada', externalId: 'ada', passkeys, limit: 50, lastPasskey: 'warn', signals: [] };
}
