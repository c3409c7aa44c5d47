import { ConcurrentMigration } from '../concurrent-migration.js';

/** The index by which external IDs will be compared bytewise: the next migration has nothing left to index. */
export class Migration20261126190000_external_id_index extends ConcurrentMigration {
  override readonly builds = [
    {
      name: 'users_passage_external_id_bytewise',
      table: 'users',
      on: '(passage_external_id collate "C")',
      unique: true,
    },
  ];
}
