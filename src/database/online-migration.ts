import { Migration } from '@mikro-orm/migrations';
import { MigrationSession } from './migration-session.js';

/**
 * A migration that takes no lock for long on a table which may be large. It is not one transaction: what it does may be
 * interrupted anywhere, and is then done again, or what is left of it.
 */
export abstract class OnlineMigration extends Migration {
  /** How it runs, for the operator's plan. */
  abstract readonly kind: 'concurrent' | 'batched';

  /** Does all of it that is not done yet. */
  abstract run(session: MigrationSession): Promise<void>;

  /** What it runs, for the operator's plan. */
  abstract statements(): readonly string[];

  override isTransactional(): boolean {
    return false;
  }

  /** For MikroORM's own command line. */
  override up(): Promise<void> {
    return MigrationSession.with(this.driver, {}, (session) => this.run(session));
  }
}
