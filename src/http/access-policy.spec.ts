import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Access } from './access.decorator.js';
import { AccessPolicy } from './access-policy.js';

class Shelf {
  list(): void {}

  @Access('user')
  own(): void {}
}

@Access('public')
class OpenShelf extends Shelf {}

@Access('app')
class StaffShelf extends Shelf {}

const on = (controller: typeof Shelf, handler: () => void) =>
  new ExecutionContextHost([], controller, handler);

const handlerOf = (name: 'list' | 'own') => Reflect.get(Shelf.prototype, name);
const list = handlerOf('list');
const own = handlerOf('own');

describe('the access policy', () => {
  const policy = new AccessPolicy(new Reflector());
  policy.register('app', { canActivate: () => false });

  it('applies the access of the controller to a handler that two controllers inherit', () => {
    for (let round = 0; round < 2; round++) {
      expect(policy.canActivate(on(OpenShelf, list))).toBe(true);
      expect(policy.canActivate(on(StaffShelf, list))).toBe(false);
    }
  });

  it('prefers the access of a handler to that of its controller', () => {
    for (let round = 0; round < 2; round++) {
      expect(policy.canActivate(on(StaffShelf, list))).toBe(false);
      expect(() => policy.canActivate(on(OpenShelf, own))).toThrow('access_denied');
    }
  });

  it('denies a route without a declared access, at every request', () => {
    for (let round = 0; round < 2; round++) {
      expect(() => policy.canActivate(on(Shelf, list))).toThrow('access_denied');
    }
  });

  it('uses a guard that is registered after a route was denied because it was missing', () => {
    expect(() => policy.canActivate(on(OpenShelf, own))).toThrow('access_denied');
    policy.register('user', { canActivate: () => true });
    expect(policy.canActivate(on(OpenShelf, own))).toBe(true);
  });
});
