import { Refusal } from '../../errors/refusal.js';

/** Why a ceremony was refused beside what its verification finds: a code for the log and the audit trail only. */
export class Refused extends Refusal {
  constructor(readonly reason: string) {
    super(reason);
    this.name = 'Refused';
  }
}
