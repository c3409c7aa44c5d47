import { Migration20261122000000_initial } from './migrations/Migration20261122000000_initial.js';

/** Every migration, oldest first. */
export const migrations = [
  { name: 'Migration20261122000000_initial', class: Migration20261122000000_initial },
];
