import { SetMetadata } from '@nestjs/common';

/** Who may call a route: a user with a token, a server with its app's API key, or anybody. */
export type AccessKind = 'user' | 'app' | 'public';

/** The key of the metadata that `@Access` sets. */
export const ACCESS = 'keyway:access';

/** Says who may call the route, or every route of the controller; a route without it is denied to all. */
export const Access = (kind: AccessKind): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, kind);
