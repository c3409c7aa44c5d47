/** A script for a page: writes down each request for a passkey in `requests`, how it was made and how it went. */
export const WATCHED_REQUESTS = `{
  globalThis.requests = [];
  const get = CredentialsContainer.prototype.get;
  CredentialsContainer.prototype.get = function (options) {
    const request = { mediation: options.mediation ?? 'prompt', outcome: 'pending' };
    globalThis.requests.push(request);
    const answer = get.call(this, options);
    answer.then(() => (request.outcome = 'passkey'), (error) => (request.outcome = error.name));
    return answer;
  };
}`;
