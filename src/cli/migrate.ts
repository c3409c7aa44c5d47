import { loadDatabaseSettings } from '../config/load-configuration.js';
import { Database } from '../database/database.js';

/** Brings the schema up to date and says what was applied; safe on any number of replicas at once. */
export async function migrate(): Promise<string> {
  const database = await Database.open(loadDatabaseSettings(process.env));
  try {
    const applied = await database.migrate();
    return applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`;
  } finally {
    await database.close();
  }
}
