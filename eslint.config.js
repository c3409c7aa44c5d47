import tseslint from 'typescript-eslint';

/** How a statement begins, as a pattern of esquery. */
const SQL = String.raw`/^\s*(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|with\s+\w+\s+as|set\s+local)\b/is`;

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      'packages/elements/types/',
      'test/types/', // their types are those of built packages: `npm run lint:packages` checks them
      'examples/',
      'web/start/snippets/',
      'node_modules/',
      'data/',
      'coverage/',
      '**/*.cjs',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Nest reads constructor parameter types at run time: only real type-only imports may be marked so.
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    // The reflected types of tests and of the wire are checked where they are used.
    files: ['test/**', '**/*.spec.ts', 'bench/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  {
    // SQL stands in the repositories alone, typed; the database's own folder sets up connections and migrates.
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.repository.ts', 'src/database/**', '**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'kysely', message: 'Write SQL in a *.repository.ts.' }],
          patterns: [{ group: ['**/database/query.js', 'pg'], message: 'Write SQL in a *.repository.ts.' }],
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: `Literal[value=${SQL}]`, message: 'Write SQL in a *.repository.ts.' },
        { selector: `TemplateElement[value.raw=${SQL}]`, message: 'Write SQL in a *.repository.ts.' },
      ],
    },
  },
  { files: ['*.js', 'scripts/**/*.js', 'web/*.js'], ...tseslint.configs.disableTypeChecked },
);
