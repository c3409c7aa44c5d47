import { type EnvironmentReader, splitList } from './environment-reader.js';
import { listProblems, webOriginProblem } from './origin-rules.js';

/** `APP_ORIGINS`: exact origins, each once, https or http on `localhost` and below. */
export function readAppOrigins(reader: EnvironmentReader): readonly string[] | undefined {
  const text = reader.text('APP_ORIGINS');
  if (text === undefined) return undefined;
  const origins = splitList(text);
  const problems = listProblems('APP_ORIGINS', origins, webOriginProblem);
  problems.forEach((problem) => reader.report(problem));
  return problems.length === 0 ? origins : undefined;
}
