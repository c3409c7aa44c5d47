import { currentRequest } from '../../http/request-context.js';

/** Whether the API key of the request at hand may see from which addresses people acted: by its scope `events`. */
export const maySeeAddresses = (): boolean => currentRequest()?.scopes.includes('events') ?? false;
