import { AsyncLocalStorage } from 'node:async_hooks';

/** On whose behalf the database is asked. */
export interface Beneficiary {
  /** The user who is served, under one name wherever the same rows are at stake; null while, or where, there is none. */
  readonly user: string | null;
  /** Aborted, with what to throw, once nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

const storage = new AsyncLocalStorage<Beneficiary>();

/** Runs `work`, and all that follows from it, on behalf of a request, which may come to know its user meanwhile. */
export const onBehalfOf = <T>(beneficiary: Beneficiary, work: () => T): T => storage.run(beneficiary, work);

/** Who is served now; undefined in a command, at the start and in a purge. */
export const currentBeneficiary = (): Beneficiary | undefined => storage.getStore();
