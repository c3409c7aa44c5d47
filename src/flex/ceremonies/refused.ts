/** Why a ceremony was refused, for the log and the audit trail only: a code that holds no secret. */
export class Refused extends Error {
  constructor(readonly reason: string) {
    super(reason);
    this.name = 'Refused';
  }
}
