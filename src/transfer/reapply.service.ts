import { Injectable, Module } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { DevicesModule } from '../flex/devices/devices.module.js';
import { DevicesService } from '../flex/devices/devices.service.js';
import { IdentitiesService } from '../flex/users/identities.service.js';
import { FlexUsersModule } from '../flex/users/users.module.js';
import { UsersService } from '../flex/users/users.service.js';
import type { ToldEvent } from './told-events.js';

/** What events say was taken away, and is there still. */
export interface Reapplication {
  readonly revoke: readonly { readonly userId: string; readonly deviceId: string }[];
  readonly erase: readonly string[];
  /** External IDs whose last change of tie was that it was undone. */
  readonly unlink: readonly string[];
  /** How many revocations, erasures and undone ties of this app were read, each once. */
  readonly read: number;
}

/** Takes away again, after a restore, what events say was taken away: each act once, and only where it is there still. */
@Injectable()
export class ReapplyService {
  constructor(
    private readonly users: UsersService,
    private readonly devices: DevicesService,
    private readonly identities: IdentitiesService,
  ) {}

  /** Compares the events with what is there; changes nothing. An event that names no app is taken for one of this app. */
  async plan(
    appId: string,
    events: AsyncIterable<ToldEvent>,
    { hasIdentities }: { readonly hasIdentities: boolean },
  ): Promise<Reapplication> {
    const acts = await collect(appId, events);
    const plan = { revoke: [], erase: [], unlink: [] } as {
      revoke: { userId: string; deviceId: string }[];
      erase: string[];
      unlink: string[];
    };
    let read = 0;
    for (const [userId, { devices, isErased, tie }] of acts) {
      const isUnlinked = hasIdentities && tie?.type === 'user.unlinked';
      read += devices.size + Number(isErased) + Number(isUnlinked);
      const found = await this.find(appId, userId);
      if (!found) continue;
      if (isErased) {
        plan.erase.push(userId);
        continue;
      }
      const known = found.devices.filter(({ id }) => devices.has(id));
      plan.revoke.push(...known.map(({ id }) => ({ userId, deviceId: id })));
      if (isUnlinked && found.identity) plan.unlink.push(found.user.externalId);
    }
    return { ...plan, read };
  }

  /** Does what is planned, each act in a transaction of its own. What is gone meanwhile counts as done. */
  async apply(appId: string, { revoke, erase, unlink }: Reapplication): Promise<void> {
    for (const { userId, deviceId } of revoke) {
      await unlessGone(this.devices.revoke(appId, { id: userId }, deviceId));
    }
    for (const externalId of unlink) await unlessGone(this.identities.unlink(appId, externalId));
    for (const id of erase) await unlessGone(this.users.erase(appId, { id }));
  }

  private find(appId: string, id: string) {
    return unlessGone(this.users.get(appId, { id }));
  }
}

interface Acts {
  readonly devices: Set<string>;
  isErased: boolean;
  /** The last one. */
  tie: { readonly type: string; readonly at: number } | null;
}

async function collect(appId: string, events: AsyncIterable<ToldEvent>): Promise<Map<string, Acts>> {
  const acts = new Map<string, Acts>();
  for await (const { type, userId, deviceId, at, ...event } of events) {
    if (userId === null || (event.appId !== null && event.appId !== appId)) continue;
    const isTie = type === 'user.linked' || type === 'user.unlinked';
    if (!isTie && type !== 'passkey.revoked' && type !== 'user.deleted') continue;
    const ofUser = acts.get(userId) ?? { devices: new Set(), isErased: false, tie: null };
    acts.set(userId, ofUser);
    if (type === 'passkey.revoked' && deviceId !== null) ofUser.devices.add(deviceId);
    if (type === 'user.deleted') ofUser.isErased = true;
    if (isTie && at >= (ofUser.tie?.at ?? -Infinity)) ofUser.tie = { type, at };
  }
  return acts;
}

const GONE: readonly string[] = ['user_not_found', 'device_not_found'];

async function unlessGone<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AppError && GONE.includes(error.code)) return null;
    throw error;
  }
}

/** Needs the global modules of the database and of events. */
@Module({
  imports: [FlexUsersModule, DevicesModule],
  providers: [ReapplyService],
  exports: [ReapplyService],
})
export class ReapplyModule {}
