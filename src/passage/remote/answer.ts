import { Outage } from './outage.js';

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;

/**
 * A JSON object that the provider sent, read member by member. What the protocol promises and is not there throws an
 * `Outage`; what only some servers tell is null or empty unless it is as it should be.
 */
export class Answer {
  private constructor(private readonly members: Readonly<Record<string, unknown>>) {}

  static parse(text: string): Answer {
    try {
      return Answer.from(JSON.parse(text));
    } catch (cause) {
      throw cause instanceof Outage ? cause : malformed();
    }
  }

  private static from(value: unknown): Answer {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
    return new Answer(value as Record<string, unknown>);
  }

  object(name: string): Answer {
    return Answer.from(this.get(name));
  }

  list(name: string): Answer[] {
    const value = this.get(name);
    if (!Array.isArray(value)) throw malformed();
    return value.map((it) => Answer.from(it));
  }

  text(name: string, form: RegExp = /^/): string {
    const value = this.get(name);
    if (typeof value !== 'string' || !form.test(value)) throw malformed();
    return value;
  }

  /** A whole number from 0. */
  count(name: string): number {
    const value = this.get(name);
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw malformed();
    return value as number;
  }

  /** RFC 3339. */
  moment(name: string): Date {
    const moment = new Date(this.text(name, DATE_TIME));
    if (Number.isNaN(moment.getTime())) throw malformed();
    return moment;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    return this.maybeOneOf(name, values) ?? raise(malformed());
  }

  maybeOneOf<T extends string>(name: string, values: readonly T[]): T | null {
    return values.find((it) => it === this.get(name)) ?? null;
  }

  maybeText(name: string, form: RegExp = /^/): string | null {
    const value = this.get(name);
    return typeof value === 'string' && form.test(value) ? value : null;
  }

  maybeFlag(name: string): boolean | null {
    const value = this.get(name);
    return typeof value === 'boolean' ? value : null;
  }

  maybeObject(name: string): Answer | null {
    const value = this.get(name);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? Answer.from(value) : null;
  }

  maybeTexts(name: string): string[] {
    const value = this.get(name);
    return Array.isArray(value) ? value.filter((it) => typeof it === 'string') : [];
  }

  private get(name: string): unknown {
    return Object.hasOwn(this.members, name) ? this.members[name] : undefined;
  }
}

/** The provider's answer is not what the protocol says it is. */
export const malformed = (): Outage => new Outage('provider_unintelligible');

function raise(error: Error): never {
  throw error;
}
