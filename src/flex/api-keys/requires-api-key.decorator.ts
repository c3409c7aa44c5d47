import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import { Public } from '../../http/public.decorator.js';
import type { ApiKeyScope } from '../../config/configuration.js';
import { ApiKeyGuard, SCOPE } from './api-key.guard.js';

/** Opens the routes of a controller to servers that present a key of the app in the path, and to no other caller. */
export const RequiresApiKey = () => applyDecorators(Public(), UseGuards(ApiKeyGuard));

/** Asks of the key, on a route or a whole controller with `@RequiresApiKey()`, that it was granted a scope. */
export const RequiresScope = (scope: ApiKeyScope) => SetMetadata(SCOPE, scope);
