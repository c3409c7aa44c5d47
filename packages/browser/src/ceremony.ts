import { abortPrompt } from './credentials.js';
import { PassageError } from './passage-error.js';

/** How often, and how many milliseconds apart, the browser is asked to let go of a prompt. */
const ATTEMPTS = 15;
const PAUSE = 20;

/** The page's one ceremony that still waits for its user: browsers hold one at a time. */
let current: Ceremony | null = null;

/** Settles, without a value, when the browser is done with the last prompt; null when it is. */
let openPrompt: Promise<void> | null = null;

/** One ceremony, from its beginning until the user has answered. A later one takes its place. */
export class Ceremony {
  readonly #controller = new AbortController();

  private constructor() {}

  static begin(): Ceremony {
    cancelCeremony('Another ceremony took the place of this one.');
    current = new Ceremony();
    return current;
  }

  /** Aborts with a `ceremony_aborted` as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param why becomes the signal's reason. */
  abort(why: PassageError): void {
    this.#controller.abort(why);
  }

  /**
   * Opens the browser's prompt, once it is done with the one before, and resolves to the user's answer; to null when
   * `lasting` milliseconds have passed, and the prompt is closed again.
   */
  async prompt<T>(open: () => Promise<T>, lasting?: number): Promise<T | null> {
    await closePrompt();
    this.signal.throwIfAborted();
    const answer = open();
    const settled = answer.then(ignore, ignore).finally(() => {
      if (openPrompt === settled) openPrompt = null;
    });
    openPrompt = settled;
    try {
      const result = await first([answer, aborted(this.signal), ...(lasting ? [after(lasting)] : [])]);
      if (result === null) await closePrompt();
      else this.end();
      return result;
    } finally {
      if (this.signal.aborted) void closePrompt();
    }
  }

  /** Lets the time pass, in milliseconds. Throws the signal's reason if that comes first. */
  async wait(milliseconds: number): Promise<void> {
    await first([after(milliseconds), aborted(this.signal)]);
  }

  /** From here on nothing takes its place. */
  end(): void {
    if (current === this) current = null;
  }
}

/** Ends the ceremony that waits for its user, if there is one: it throws `ceremony_aborted` at once. */
export function cancelCeremony(why: string): void {
  current?.abort(new PassageError('ceremony_aborted', why));
  current = null;
}

/**
 * Takes the open prompt away. It may be about to open, which no signal stops yet, hence more than one attempt; and
 * a password manager that stands in for the browser may never close its prompt, hence not many.
 */
async function closePrompt(): Promise<void> {
  const closing = openPrompt;
  for (let attempt = 0; closing && openPrompt === closing && attempt < ATTEMPTS; attempt += 1) {
    abortPrompt();
    await first([closing, after(PAUSE)]);
  }
}

interface Race<T> {
  readonly promise: Promise<T>;
  readonly stop: () => void;
}

/** The first of them to settle; the others leave no timer or listener behind. */
async function first<T>(runners: readonly (Promise<T> | Race<T>)[]): Promise<T> {
  try {
    return await Promise.race(runners.map((each) => ('promise' in each ? each.promise : each)));
  } finally {
    for (const each of runners) if ('promise' in each) each.stop();
  }
}

function after(milliseconds: number): Race<null> {
  let timer: ReturnType<typeof setTimeout>;
  const promise = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), milliseconds)));
  return { promise, stop: () => clearTimeout(timer) };
}

function aborted(signal: AbortSignal): Race<never> {
  let abort: () => void;
  const promise = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
  return { promise, stop: () => signal.removeEventListener('abort', abort) };
}

const ignore = (): void => undefined;
