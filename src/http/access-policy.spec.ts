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

  it('judges a handler that two controllers inherit by the controller, also after the other one was asked', () => {
    for (let round = 0; round < 2; round++) {
      expect(policy.canActivate(on(OpenShelf, list))).toBe(true);
      expect(policy.canActivate(on(StaffShelf, list))).toBe(false);
    }
  });

  it('judges a handler by its own access, not by that of its controller', () => {
    for (let round = 0; round < 2; round++) {
      expect(policy.canActivate(on(StaffShelf, list))).toBe(false);
      expect(() => policy.canActivate(on(OpenShelf, own))).toThrow('access_denied');
    }
  });

  it('denies a route that says nothing, however often it is asked', () => {
    for (let round = 0; round < 2; round++) {
      expect(() => policy.canActivate(on(Shelf, list))).toThrow('access_denied');
    }
  });

  it('heeds a guard that is registered after the route was denied for want of one', () => {
    expect(() => policy.canActivate(on(OpenShelf, own))).toThrow('access_denied');
    policy.register('user', { canActivate: () => true });
    expect(policy.canActivate(on(OpenShelf, own))).toBe(true);
  });
});
