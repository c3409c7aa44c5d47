import { actorOf } from './actor.js';
import type { AuditEventType } from './audit-event-types.js';

const kindOf = (actor: string | null, type: AuditEventType = 'passkey.revoked') => actorOf({ actor, type });

describe('who acted', () => {
  it('is told from the actor of an event', () => {
    expect(kindOf('user:ada')).toEqual({ kind: 'person', id: 'ada' });
    expect(kindOf('user:key:a\nb')).toEqual({ kind: 'person', id: 'key:a\nb' });
    expect(kindOf('key:AbCdEf123456')).toEqual({ kind: 'server', id: 'AbCdEf123456' });
    expect(kindOf('command-line')).toEqual({ kind: 'command_line', id: null });
    expect(kindOf('somebody')).toEqual({ kind: 'unknown', id: null });
  });

  it('is a person where a passkey proved it, and unknown where nothing says who it was', () => {
    for (const type of ['passkey.registered', 'passkey.used', 'passkey.backup_changed'] as const) {
      expect(kindOf(null, type)).toEqual({ kind: 'person', id: null });
    }
    for (const type of ['passkey.refused', 'passkey.imported', 'passkey.revoked', 'user.deleted'] as const) {
      expect(kindOf(null, type)).toEqual({ kind: 'unknown', id: null });
    }
  });
});
