import { readSecretFile } from './secret-file.js';
import { describeUnknownName, type PlainSetting, type SecretSetting, unknownNames } from './setting-names.js';

export type Environment = 'development' | 'test' | 'production';

interface WholeNumber {
  readonly from: number;
  readonly to: number;
  readonly fallback: number;
  /** Such as "seconds". */
  readonly of?: string;
}

/** Reads settings by name and gathers what is wrong with them, so that the operator learns all of it at once. */
export class EnvironmentReader {
  /** One sentence each, without any value that may be secret. */
  readonly problems: string[] = [];
  readonly environment: Environment;
  /** Whether a setting that cannot be done without is missing. */
  isIncomplete = false;
  private readonly secrets = new Map<SecretSetting, string | undefined>();

  constructor(readonly env: NodeJS.ProcessEnv) {
    this.environment = this.readEnvironment();
  }

  get isProduction(): boolean {
    return this.environment === 'production';
  }

  /** Returns undefined, for a reader that has nothing better to return. */
  report(problem: string): undefined {
    this.problems.push(problem);
  }

  /** Like `report`, for what cannot be done without. */
  reportMissing(problem: string): undefined {
    this.isIncomplete = true;
    return this.report(problem);
  }

  reportUnknownNames(among = /./): void {
    for (const name of unknownNames(this.env)) if (among.test(name)) this.report(describeUnknownName(name));
  }

  /** The setting's text; an empty one counts as unset. */
  text(name: PlainSetting): string | undefined {
    return this.env[name] || undefined;
  }

  /** The secret from `NAME` or from the file that `NAME_FILE` names; reports once if that cannot be had. */
  secret(name: SecretSetting): string | undefined {
    if (!this.secrets.has(name)) this.secrets.set(name, this.readSecret(name));
    return this.secrets.get(name);
  }

  /** Whether the setting was given at all, readable or not. */
  isGiven(name: PlainSetting | SecretSetting): boolean {
    return this.givenAs(name) !== undefined;
  }

  /** The name it was given by: `NAME` itself or `NAME_FILE`. */
  givenAs(name: PlainSetting | SecretSetting): string | undefined {
    return [name, `${name}_FILE`].find((it) => this.env[it]);
  }

  /** A setting that is a whole number in decimal digits. */
  wholeNumber(name: PlainSetting, { from, to, fallback, of }: WholeNumber): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const number = /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : NaN;
    if (number >= from && number <= to) return number;
    const unit = of ? ` of ${of}` : '';
    this.report(`Set ${name} to a whole number${unit} from ${from} to ${to}, such as ${fallback}.`);
    return fallback;
  }

  private readSecret(name: SecretSetting): string | undefined {
    const text = this.env[name] || undefined;
    const path = this.env[`${name}_FILE`];
    if (!path) return text;
    if (text !== undefined) return this.report(`Set either ${name} or ${name}_FILE, not both.`);
    const file = readSecretFile(name, path);
    return 'text' in file ? file.text : this.report(file.problem);
  }

  private readEnvironment(): Environment {
    const text = this.text('NODE_ENV');
    if (text === undefined) return 'development';
    if (text === 'development' || text === 'test' || text === 'production') return text;
    this.report('Set NODE_ENV to production, development or test, or leave it unset.');
    // The strictest of the three, so that the other sentences hold whatever was meant.
    return 'production';
  }
}

/** The members of a comma list, without the spaces around them; an empty member stays, to be refused. */
export const splitList = (text: string): string[] => text.split(',').map((it) => it.trim());
