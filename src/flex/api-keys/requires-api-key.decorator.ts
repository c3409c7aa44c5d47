import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import type { ApiKeyScope } from '../../config/configuration.js';
import { Public } from '../../http/public.decorator.js';
import { currentRequest } from '../../http/request-context.js';
import { ApiKeyGuard, SCOPE } from './api-key.guard.js';

/** Opens the routes of a controller to servers that present a key of the app in the path, and to no other caller. */
export const RequiresApiKey = () => applyDecorators(Public(), UseGuards(ApiKeyGuard));

/** Asks of the key, on a route or a whole controller with `@RequiresApiKey()`, that it was granted a scope. */
export const RequiresScope = (scope: ApiKeyScope) => SetMetadata(SCOPE, scope);

/** Whether the API key of the request at hand may see from which addresses people acted: by its scope `events`. */
export const maySeeAddresses = (): boolean => currentRequest()?.scopes.includes('events') ?? false;
