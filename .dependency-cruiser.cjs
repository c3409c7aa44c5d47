/** The house rules: which folder may import which. A new folder needs a line here before it compiles past the lint. */

/** Folders of `src` that each folder of `src` may import, itself left out. */
const MAY_IMPORT = {
  errors: [],
  config: ['errors'],
  http: ['config', 'errors'],
  auth: ['config', 'errors', 'http'],
  users: ['errors', 'database', 'events'],
  passkeys: ['auth', 'users', 'passage', 'errors', 'http'],
  passage: ['config', 'errors', 'http'],
  'passage/embedded': ['passage', 'config', 'errors', 'http', 'flex'],
  flex: ['webauthn', 'authenticators', 'events', 'config', 'errors', 'http', 'database', 'users'],
  transfer: ['flex', 'users', 'events', 'webauthn', 'database', 'http', 'errors'],
  webauthn: ['errors'],
  authenticators: ['webauthn', 'config', 'errors', 'http'],
  events: ['config', 'errors', 'http', 'database'],
  health: ['config', 'errors', 'database', 'http'],
  operations: ['config', 'errors', 'http', 'database', 'events', 'flex'],
  database: ['config', 'errors'],
  demo: ['auth', 'users', 'passage', 'config', 'errors', 'http'],
  doctor: ['config', 'errors', 'database', 'http', 'auth', 'authenticators', 'flex', 'operations'],
  cli: ['config', 'errors', 'database', 'flex', 'transfer', 'users', 'events', 'doctor'],
};

/** Nouns of the backend that each noun may import; entities name each other freely, as their foreign keys do. */
const NOUNS = {
  apps: [],
  'api-keys': ['apps'],
  'step-up': [],
  devices: ['step-up', 'apps'],
  users: ['api-keys', 'devices', 'step-up', 'apps'],
  transactions: ['api-keys', 'users', 'devices', 'step-up', 'apps'],
  webhooks: ['api-keys', 'apps'],
  nonces: ['api-keys', 'transactions', 'users', 'devices', 'apps'],
  events: ['api-keys', 'apps'],
  stats: ['api-keys', 'apps'],
  ceremonies: ['nonces', 'transactions', 'users', 'devices', 'step-up', 'apps'],
};

/** The one type of a passkey, and the one vocabulary of events: the provider and the user's API have no other. */
const WORDS = '^src/(flex/devices/passkey|events/(actor|audit-event-types))\\.ts$';

const within = (folder) => `^src/${folder}/`;

const folderRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `src/${folder}`,
  severity: 'error',
  from: {
    path: within(folder),
    // Entities are declared by the features; the database alone lists them.
    pathNot: [
      '\\.spec\\.ts$',
      ...(folder === 'database' ? ['^src/database/entities\\.ts$'] : []),
      ...Object.keys(MAY_IMPORT)
        .filter((other) => other.startsWith(`${folder}/`))
        .map(within),
    ],
  },
  to: {
    path: '^(src|web|test)/',
    pathNot: [
      within(folder),
      ...(folder === 'passage' || folder === 'passkeys' ? [WORDS] : []),
      ...allowed.map((each) => (each === 'passage' ? '^src/passage/[^/]+$' : within(each))),
    ],
  },
}));

const nounRules = Object.entries(NOUNS).map(([noun, allowed]) => ({
  name: `src/flex/${noun}`,
  severity: 'error',
  from: { path: within(`flex/${noun}`), pathNot: '\\.(entity|spec)\\.ts$' },
  to: { path: '^src/flex/[^/]+/', pathNot: [noun, ...allowed].map((each) => within(`flex/${each}`)) },
}));

module.exports = {
  forbidden: [
    ...folderRules,
    ...nounRules,
    {
      name: 'only-main-composes',
      severity: 'error',
      from: { pathNot: '^(src/(main|application)\\.ts|test/|bench/)' },
      to: { path: '^src/(main|application|app\\.module)\\.ts$' },
    },
    {
      name: 'entities-only-lists-entities',
      severity: 'error',
      from: { path: '^src/database/entities\\.ts$' },
      to: { path: '^src/', pathNot: '\\.entity\\.ts$' },
    },
    {
      name: 'pure-webauthn',
      comment:
        'WebAuthn is pure functions: no framework, no database. Two libraries of the field, and no other.',
      severity: 'error',
      from: { path: '^src/webauthn/', pathNot: '\\.spec\\.ts$' },
      to: { path: 'node_modules', pathNot: 'node_modules/(@simplewebauthn/server|@noble/curves)/' },
    },
    {
      name: 'web-stands-alone',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(src|test)/' },
    },
    {
      name: 'only-the-remote-provider-is-a-client',
      comment: 'The service needs none of what is published, but for the client of other servers.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/passage/remote/' },
      to: { path: '^packages/' },
    },
    {
      name: 'the-remote-provider-uses-the-client',
      comment: 'By its name and what it exports.',
      severity: 'error',
      from: { path: '^src/passage/remote/' },
      to: { path: '^packages/', pathNot: '^packages/node/src/index\\.ts$' },
    },
    {
      name: 'packages-stand-alone',
      comment: 'Each is published by itself.',
      severity: 'error',
      from: { path: '^(packages/(?!elements)[^/]+)/' },
      to: { path: '^(src|web|test|packages)/', pathNot: '^$1/' },
    },
    {
      name: 'elements-on-browser',
      comment: 'The custom elements run their ceremonies with the client for browsers.',
      severity: 'error',
      from: { path: '^packages/elements/' },
      to: { path: '^(src|web|test|packages)/', pathNot: '^packages/(elements|browser)/' },
    },
    {
      name: 'packages-need-nothing',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: 'node_modules' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-development-packages',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
