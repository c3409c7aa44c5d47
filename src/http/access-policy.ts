import { type CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS, type AccessKind } from './access.decorator.js';
import { AppError } from '../errors/app-error.js';

/**
 * The one global guard: hands each request to the guard that was registered for its route's `@Access`, and denies
 * a route that names no access, or one for which no guard is registered.
 */
@Injectable()
export class AccessPolicy implements CanActivate {
  private readonly guards = new Map<AccessKind, CanActivate>([['public', { canActivate: () => true }]]);
  private readonly kinds = new Map<
    ReturnType<ExecutionContext['getClass']>,
    Map<ReturnType<ExecutionContext['getHandler']>, AccessKind | undefined>
  >();

  constructor(private readonly reflector: Reflector) {}

  /** Called once, while the application starts, by the module that knows how to verify such callers. */
  register(kind: Exclude<AccessKind, 'public'>, guard: CanActivate): void {
    this.guards.set(kind, guard);
  }

  /** Throws `access_denied`, or what the registered guard throws. */
  canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    const kind = this.kindOf(context);
    const guard = kind && this.guards.get(kind);
    if (!guard) throw new AppError('access_denied');
    return guard.canActivate(context);
  }

  /** Read once for each route, as metadata does not change. By controller and handler: a handler may be inherited. */
  private kindOf(context: ExecutionContext): AccessKind | undefined {
    const controller = context.getClass();
    const handler = context.getHandler();
    const known = this.kinds.get(controller) ?? new Map<typeof handler, AccessKind | undefined>();
    if (!known.has(handler)) {
      const kind = this.reflector.getAllAndOverride<AccessKind | undefined>(ACCESS, [handler, controller]);
      this.kinds.set(controller, known.set(handler, kind));
    }
    return known.get(handler);
  }
}
