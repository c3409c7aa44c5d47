import { getMetadataStorage, registerDecorator, ValidateBy, validateSync } from 'class-validator';
import type { ValidationArguments } from 'class-validator';
import type { Environment } from './environment.js';

/** Sentences, each of which says what to set; none if all is well. */
export type Problems = string | readonly string[] | undefined;

/** Judges the text of one setting, which is never empty. */
export type Rule<Group> = (text: string, group: Group, name: string) => Problems;

/**
 * The settings of one group as text, each a property under the name that it has in the environment. Rules about them are
 * decorators of class-validator, whose messages are the sentences that an operator reads.
 */
export abstract class Variables<Settings> {
  constructor(readonly env: Environment) {}

  /** The same, parsed. Only for a group without problems. */
  abstract toSettings(): Settings;
}

/** A group that was read: its variables, what is wrong with them, and whether one that is required is missing. */
export interface ReadVariables<Group> {
  readonly variables: Group;
  readonly problems: readonly string[];
  readonly isIncomplete: boolean;
}

/** A setting; with `isSecret` it may also come from the file that `NAME_FILE` names. The rule is asked if it is set. */
export const Setting = <Group extends Variables<unknown>>(
  rule: Rule<Group>,
  { isSecret = false }: { readonly isSecret?: boolean } = {},
): PropertyDecorator => {
  const problemsOf = ({ value, object, property }: ValidationArguments): Problems => {
    const group = object as Group;
    const fileProblem = isSecret ? group.env.fileProblem(property) : undefined;
    return fileProblem ?? (value === undefined ? undefined : rule(value as string, group, property));
  };
  return ValidateBy({ name: 'setting', validator: validatorOf(problemsOf) }, { context: { isSecret } });
};

/** Marks a setting that has to be given, `when` says so. */
export const Required = <Group extends Variables<unknown>>(
  sentence: string,
  when: (group: Group) => boolean = () => true,
): PropertyDecorator => {
  const problemsOf = ({ object, property }: ValidationArguments): Problems => {
    const group = object as Group;
    return group.env.givenAs(property) === undefined && when(group) ? sentence : undefined;
  };
  return ValidateBy({ name: REQUIRED, validator: validatorOf(problemsOf) });
};

/** A rule on several settings of a group, told after those of each. */
export const Together =
  <Group extends Variables<unknown>>(rule: (group: Group) => Problems) =>
  (target: abstract new (env: Environment) => Group): void =>
    registerDecorator({
      target,
      propertyName: TOGETHER,
      name: 'together',
      validator: validatorOf(({ object }) => rule(object as Group)),
    });

/** The names of a group's settings, in their order. */
export const namesOf = (group: GroupClass): string[] => settingsOf(group).map(({ name }) => name);

/** The names of those that may also come from a file. */
export const secretNamesOf = (group: GroupClass): string[] =>
  settingsOf(group).flatMap(({ name, isSecret }) => (isSecret ? [name] : []));

/** Reads a group from the environment and checks it. */
export function readVariables<Group extends Variables<unknown>>(
  group: new (env: Environment) => Group,
  env: Environment,
): ReadVariables<Group> {
  const variables = new group(env);
  for (const { name, isSecret } of settingsOf(group)) {
    Object.assign(variables, { [name]: isSecret ? env.secret(name) : env.text(name) });
  }
  const broken = validateSync(variables).map(({ constraints = {} }) => constraints);
  return {
    variables,
    problems: broken.flatMap((constraints) => Object.values(constraints).flatMap((it) => it.split('\n'))),
    isIncomplete: broken.some((constraints) => REQUIRED in constraints),
  };
}

/** A rule for a whole number in decimal digits; the sentence names `fallback` as an example. */
export const wholeNumber =
  ({ from, to, fallback, of }: WholeNumber): Rule<unknown> =>
  (text, _group, name) => {
    const number = /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : NaN;
    if (number >= from && number <= to) return undefined;
    return `Set ${name} to a whole number${of ? ` of ${of}` : ''} from ${from} to ${to}, such as ${fallback}.`;
  };

interface WholeNumber {
  readonly from: number;
  readonly to: number;
  readonly fallback: number;
  /** Such as "seconds". */
  readonly of?: string;
}

type GroupClass = new (env: Environment) => Variables<unknown>;

const REQUIRED = 'required';
/** class-validator has rules on properties alone: those on a whole group are registered for a property that no group has. */
const TOGETHER = '(together)';

const settingsOf = (group: GroupClass): { name: string; isSecret: boolean }[] =>
  getMetadataStorage()
    .getTargetValidationMetadatas(group, '', false, false)
    .filter(({ name }) => name === 'setting')
    .map(({ propertyName: name, context }) => ({ name, ...(context as { isSecret: boolean }) }));

const validatorOf = (problemsOf: (args: ValidationArguments) => Problems) => {
  const sentences = (args?: ValidationArguments) => [problemsOf(args!) ?? []].flat();
  return {
    validate: (_value: unknown, args?: ValidationArguments) => sentences(args).length === 0,
    defaultMessage: (args?: ValidationArguments) => sentences(args).join('\n'),
  };
};
