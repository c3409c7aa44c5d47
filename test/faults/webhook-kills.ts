import { setTimeout as pause } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { connectTo } from '../e2e/sql-on.js';
import { type ReceivedWebhook, WebhookReceiver } from '../support/webhook-receiver.js';
import { WebhookShop } from './webhook-shop.js';

const PEOPLE = 4;
const PATIENCE = 180_000; // ms until the last event is delivered

/** What is left after processes were killed under load. */
export interface AfterKills {
  /** By type: what the tables say was done, what the audit trail says, and what the receiver accepted. */
  readonly done: Readonly<Record<string, number>>;
  readonly audited: Readonly<Record<string, number>>;
  readonly accepted: Readonly<Record<string, number>>;
  /** Ids of the trail's events that were not accepted, and of accepted ones that are not in the trail. */
  readonly missing: readonly string[];
  readonly invented: readonly string[];
  /** Events that were sent before the one before them of the same user was accepted. */
  readonly outOfOrder: readonly string[];
  /** Attempts beyond the first of an event, of which some failed on purpose. */
  readonly repeats: number;
  /** Events that were accepted more than once. */
  readonly doubles: number;
  readonly events: number;
}

/** Kills one of two processes after another, so many times, while people use both; a receiver fails, hangs and is late. */
export async function killUnderLoad(kills: number): Promise<AfterKills> {
  const receiver = await new WebhookReceiver().start();
  const tally = new Tally();
  receiver.answer = (response, received) => tally.answer(response, received);
  const shop = await WebhookShop.open();
  try {
    await shop.command('webhook', 'create', 'shop', '--url', receiver.url, '--events', 'all');
    let isOpen = true;
    const people = Array.from({ length: PEOPLE }, async () => {
      while (isOpen) await shop.person();
    });
    for (let kill = 0; kill < kills; kill += 1) {
      await pause(200 + Math.random() * 600);
      await shop.kill(kill % 2);
    }
    isOpen = false;
    await Promise.all(people);
    return await settled(shop.database.url, tally);
  } finally {
    await shop.close();
    await receiver.close();
  }
}

/** Answers as a bad receiver does, and keeps count. */
class Tally {
  readonly attempts = new Map<string, number>();
  readonly accepted = new Map<string, { type: string; times: number }>();
  /** What each user's events were, in the order in which they first arrived, and whether they were accepted. */
  readonly byUser = new Map<string, { id: string; isAccepted: boolean }[]>();
  readonly outOfOrder: string[] = [];

  answer(response: ServerResponse, { event }: ReceivedWebhook): void {
    const { id, user } = event.data;
    const attempt = (this.attempts.get(id) ?? 0) + 1;
    this.attempts.set(id, attempt);
    if (user) this.note(user.id, id);
    // What an event meets depends on its id alone, and on its first attempt only.
    const luck = attempt > 1 ? 99 : createHash('sha256').update(id).digest()[0]! % 100;
    if (luck < 10) return void response.writeHead(500).end();
    if (luck < 12) return; // hangs
    const accept = (): void => {
      // The sender may be gone, and then tries again.
      if (response.destroyed) return;
      response.writeHead(204).end();
      this.accept(id, event.type, user?.id);
    };
    if (luck < 20) setTimeout(accept, 500 + luck * 50);
    else accept();
  }

  private note(userId: string, id: string): void {
    const events = this.byUser.get(userId) ?? [];
    this.byUser.set(userId, events);
    const known = events.findIndex((it) => it.id === id);
    if (known === -1) events.push({ id, isAccepted: false });
    const before = events.slice(0, known === -1 ? -1 : known);
    if (before.some(({ isAccepted }) => !isAccepted)) this.outOfOrder.push(id);
  }

  private accept(id: string, type: string, userId: string | undefined): void {
    this.accepted.set(id, { type, times: (this.accepted.get(id)?.times ?? 0) + 1 });
    const known = userId && this.byUser.get(userId)?.find((it) => it.id === id);
    if (known) known.isAccepted = true;
  }
}

async function settled(url: string, tally: Tally): Promise<AfterKills> {
  const client = await connectTo(url);
  const ask = async <T>(text: string) => (await client.query(text)).rows as T[];
  try {
    for (const until = Date.now() + PATIENCE; ; await pause(250)) {
      const [{ left } = { left: 0 }] = await ask<{ left: number }>(
        'select count(*)::integer as left from webhook_deliveries where next_attempt_at is not null',
      );
      if (left === 0) break;
      if (Date.now() > until) throw new Error(`${left} events were not delivered.`);
      // What was tried more than once waits for minutes; what is under way is not touched.
      await ask(
        `update webhook_deliveries set next_attempt_at = now() where next_attempt_at > now() + interval '31 s'`,
      );
    }
    // The last answer may have been given before it was recorded.
    const [done] = await ask<Record<string, number>>(`
      select (select count(*) from devices)::integer + (select count(*) from tombstones)::integer as registered,
        (select coalesce(sum(login_count), 0) from flex_users)::integer as used,
        (select count(*) from tombstones)::integer as revoked`);
    const trail = await ask<{ id: string; type: string; userId: string | null }>(
      `select id, type, user_id as "userId" from audit_events order by id`,
    );
    const idsOf = new Map<string, string[]>();
    for (const { id, userId } of trail) if (userId) idsOf.set(userId, [...(idsOf.get(userId) ?? []), id]);
    const unlike = [...idsOf].flatMap(([userId, ids]) => {
      const told = tally.byUser.get(userId)?.map(({ id }) => id) ?? [];
      return told.join() === ids.join() ? [] : [`${userId}: ${told.join()} in place of ${ids.join()}`];
    });
    const known = new Set(trail.map(({ id }) => id));
    return {
      done: done!,
      audited: countBy(trail.map(({ type }) => type)),
      accepted: countBy([...tally.accepted.values()].map(({ type }) => type)),
      missing: trail.filter(({ id }) => !tally.accepted.has(id)).map(({ id }) => id),
      invented: [...tally.accepted.keys()].filter((id) => !known.has(id)),
      outOfOrder: [...tally.outOfOrder, ...unlike],
      repeats: [...tally.attempts.values()].reduce((sum, attempts) => sum + attempts - 1, 0),
      doubles: [...tally.accepted.values()].filter(({ times }) => times > 1).length,
      events: trail.length,
    };
  } finally {
    await client.end();
  }
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** What has to hold, however often processes were killed. */
export function expectEachDelivered(after: AfterKills): void {
  expect(after).toMatchObject({ missing: [], invented: [], outOfOrder: [] });
  const { done, audited, accepted } = after;
  for (const act of ['registered', 'used', 'revoked'] as const) {
    const type = `passkey.${act}`;
    expect([type, audited[type], accepted[type]]).toEqual([type, done[act], done[act]]);
  }
  expect(accepted['passkey.renamed']).toBe(audited['passkey.renamed']);
}
