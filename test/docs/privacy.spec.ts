import { buildApp } from '../support/build-app.js';
import { sql } from '../support/tables.js';
import { chapterOf, codesIn, tableOf } from './markdown.js';

const PAGE = 'docs/history-and-privacy.md';
const PERSONAL = '## What is personal, why, how long, and who erases it';
const OTHERS = '## Columns that tell of no person';

const isColumn = (code: string): boolean => /^[a-z_]+\.[a-z_]+$/.test(code);

describe('the page about privacy', () => {
  const rows = tableOf(chapterOf(PAGE, PERSONAL));
  const personal = rows.flatMap(([columns]) => codesIn(columns!));
  const others = codesIn(chapterOf(PAGE, OTHERS)).filter(isColumn);

  it('lists every column of every table once: as personal, or as telling of no person', async () => {
    const app = await buildApp();
    try {
      const columns = await sql<{ name: string }>(
        app,
        `select table_name || '.' || column_name as name from information_schema.columns
           where table_schema = current_schema() and table_name <> 'mikro_orm_migrations'`,
      );
      expect([...personal, ...others].sort()).toEqual(columns.map(({ name }) => name).sort());
    } finally {
      await app.close();
    }
  });

  it('says of every personal column what it tells, why it is kept, how long, and who erases it', () => {
    for (const cells of rows) {
      expect(cells).toHaveLength(5);
      expect(cells.filter((cell) => cell.length < 4)).toEqual([]);
    }
  });
});
