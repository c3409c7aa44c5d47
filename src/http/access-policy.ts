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

  constructor(private readonly reflector: Reflector) {}

  /** Called once, while the application starts, by the module that knows how to verify such callers. */
  register(kind: Exclude<AccessKind, 'public'>, guard: CanActivate): void {
    this.guards.set(kind, guard);
  }

  /** Throws `access_denied`, or what the registered guard throws. */
  canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    const kind = this.reflector.getAllAndOverride<AccessKind | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    const guard = kind && this.guards.get(kind);
    if (!guard) throw new AppError('access_denied');
    return guard.canActivate(context);
  }
}
