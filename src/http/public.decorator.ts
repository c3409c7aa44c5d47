import { SetMetadata } from '@nestjs/common';

/** The key of the metadata that `@Public()` sets. */
export const PUBLIC = 'keyway:public';

/**
 * Opens a route, or every route of a controller, to callers without a user's token; all others need one. It stands here
 * and not beside the guard that reads it, because the routes of the Flex protocol know nothing of users' tokens.
 */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);
