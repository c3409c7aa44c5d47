import { AppError } from '../../errors/app-error.js';
import { hashOf } from '../bearer-secret.js';
import type { Handshake } from './handshake.js';
import { Refused } from './refused.js';

/**
 * The hash of the transaction that both the handshake and the finish name; null where neither names one. Throws
 * `transaction_not_found` for another one than the handshake's, and `Refused` where the handshake's is missing.
 */
export function namedTransaction(handshake: Handshake, transactionId: string): Buffer;
export function namedTransaction(handshake: Handshake, transactionId: string | null): Buffer | null;
export function namedTransaction(handshake: Handshake, transactionId: string | null): Buffer | null {
  if (transactionId === null) {
    if (handshake.transaction !== null) throw new Refused('transaction_missing');
    return null;
  }
  const hash = hashOf(transactionId);
  if (hash.toString('base64url') !== handshake.transaction) throw new AppError('transaction_not_found');
  return hash;
}
