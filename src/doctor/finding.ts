/** `warn`: it works, or cannot be told from here; `fail`: something has to be done. */
export type FindingState = 'ok' | 'warn' | 'fail';

/** What one check found out. */
export interface Finding {
  /** Stable, in kebab case, such as `database-rights`; a check that looks at several things has a finding for each. */
  readonly check: string;
  readonly state: FindingState;
  /** A sentence that says what is the case and, unless that is good, what to do. Never holds a secret. */
  readonly sentence: string;
}

/** The findings of one check. */
export const findingsOf = (check: string) => {
  const finding =
    (state: FindingState) =>
    (sentence: string): Finding => ({ check, state, sentence });
  return { ok: finding('ok'), warn: finding('warn'), fail: finding('fail') };
};
