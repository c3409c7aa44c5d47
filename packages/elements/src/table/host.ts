import type { PasskeyList, UserApi, UserPasskey as Passkey } from '@keyway/passage-flex-js/http.js';
import type { TableContext } from './context.js';
import type { Emit } from './events.js';
import type { StepUpCallback } from './step-up.js';
import type { TableView } from './view.js';

/** A table, as those see it who change what it shows. */
export interface TableHost {
  readonly view: TableView;
  /** Null while nobody is signed in. */
  readonly api: UserApi | null;
  /** Null until it has been read. */
  readonly list: PasskeyList | null;
  readonly externalId: string | null;
  /** Aborts when the table starts over or goes away. */
  readonly life: AbortSignal;
  readonly isLoading: boolean;
  readonly isBusy: boolean;
  /** The token that was sent last. */
  readonly lastToken: string;
  readonly context: () => TableContext;
  readonly emit: Emit;
  /** What the page does where only a new sign-in helps; null if it has nothing to do. */
  readonly signInAnew: () => StepUpCallback | null;
  /** Reads the list without taking away what was last said; false if it could not be read. */
  read(): Promise<boolean>;
  /** Shows what the server has just confirmed. */
  replace(change: (passkeys: readonly Passkey[]) => readonly Passkey[]): void;
  /** Takes the list away: the session has ended. */
  forgetList(): void;
  /** Has the other tables read their lists again. */
  tellOthers(): void;
  /** While something is being changed nothing else is. */
  setBusy(busy: boolean): void;
  /** Ends everything and begins anew, with the tokens as they now are. */
  startOver(): void;
}
