/** What password managers were seen to do differently from a browser when they stand in for it, and its name here. */
export const PASSWORD_MANAGERS = [
  ['gives a plain object without getTransports and toJSON', 'noTransports'],
  ['gives no getClientExtensionResults', 'noExtensions'],
  ['gives binary members as Uint8Array', 'views'],
  ['has a getTransports that throws', 'throwingTransports'],
  ['has a toJSON that throws', 'throwingJson'],
  ['gives neither type nor attachment', 'noType'],
  ['gives its id in padded base64', 'paddedId'],
] as const;

/** A script for a page: credentials are handed out as such a password manager does. */
export const standIn = (trait: string): string => `{
  const trait = ${JSON.stringify(trait)};
  const wrap = (name) => {
    const original = navigator.credentials[name].bind(navigator.credentials);
    const illegal = () => { throw new TypeError('Illegal invocation'); };
    const replacement = async (options) => {
      const { id, rawId, response: it } = await original(options);
      const binary = (bytes) => (bytes && trait === 'views' ? new Uint8Array(bytes) : bytes);
      const members = name === 'create' ? ['attestationObject'] : ['authenticatorData', 'signature', 'userHandle'];
      const response = Object.fromEntries(['clientDataJSON', ...members].map((key) => [key, binary(it[key])]));
      if (trait === 'throwingTransports') response.getTransports = illegal;
      else if (trait !== 'noTransports') response.getTransports = () => ['internal'];
      const padded = id.replaceAll('-', '+').replaceAll('_', '/').padEnd(Math.ceil(id.length / 4) * 4, '=');
      return {
        id: trait === 'paddedId' ? padded : id,
        rawId: binary(rawId),
        response,
        ...(trait !== 'noType' && { type: 'public-key', authenticatorAttachment: 'platform' }),
        ...(trait !== 'noExtensions' && { getClientExtensionResults: () => ({}) }),
        ...(trait === 'throwingJson' && { toJSON: illegal }),
      };
    };
    Object.defineProperty(navigator.credentials, name, { configurable: true, value: replacement });
  };
  wrap('create');
  wrap('get');
}`;
