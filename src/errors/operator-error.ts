/** Why something an operator asked for was not done: a stable code and a sentence that says what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';

  constructor(
    readonly code: string,
    sentence: string,
    options?: ErrorOptions,
  ) {
    super(sentence, options);
  }
}
