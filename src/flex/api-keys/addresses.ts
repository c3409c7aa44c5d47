import { currentRequest } from '../../http/request-context.js';

/** Whether the API key of the request at hand may see from which addresses people acted: by its scope `events`. */
export const maySeeAddresses = (scopes = currentRequest()?.scopes ?? null): boolean =>
  // A key that names no scopes may do all that keys could do before there were any.
  scopes === null || scopes.includes('events');
