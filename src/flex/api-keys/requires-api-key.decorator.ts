import { applyDecorators, UseGuards } from '@nestjs/common';
import { Public } from '../../http/public.decorator.js';
import { ApiKeyGuard } from './api-key.guard.js';

/** Opens the routes of a controller to servers that present a key of the app in the path, and to no other caller. */
export const RequiresApiKey = () => applyDecorators(Public(), UseGuards(ApiKeyGuard));
