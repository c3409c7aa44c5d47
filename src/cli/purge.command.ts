import type { Command } from 'commander';
import { answering } from './answer.js';
import { list } from './format.js';
import { withDatabase } from './with-database.js';

const EXAMPLES = `
Examples:
  keyway purge
  keyway purge --json`;

/** `keyway purge`. */
export function registerPurge(program: Command): void {
  const command = program
    .command('purge')
    .description('delete what has long expired, as every running replica does each minute')
    .addHelpText('after', EXAMPLES);
  answering(command, async () => {
    const gone = await withDatabase(async (database) => {
      const [
        { AuditRepository },
        { HandshakeRepository },
        { NonceRepository },
        { PurgeService },
        transactions,
      ] = await Promise.all([
        import('../events/audit.repository.js'),
        import('../flex/ceremonies/handshake.repository.js'),
        import('../flex/nonces/nonce.repository.js'),
        import('../flex/purge.service.js'),
        import('../flex/transactions/transaction.repository.js'),
      ]);
      return new PurgeService(
        new NonceRepository(database),
        new transactions.TransactionRepository(database),
        new HandshakeRepository(database),
        new AuditRepository(database),
      ).purge();
    });
    const text = list(Object.entries(gone).map(([kind, count]) => [kind, `${count}`]));
    return { text, json: gone };
  });
}
