import type { RemotePassageSettings } from '../../config/configuration.js';
import { AppError } from '../../errors/app-error.js';
import { Unavailable } from '../../errors/unavailable.js';
import { Answer, malformed } from './answer.js';
import { type Meanings, refusalOf } from './flex-refusal.js';
import { Holds } from './holds.js';
import { Notices } from './notices.js';
import { Outage } from './outage.js';
import {
  type ProviderAnswer,
  ProviderConnection,
  type ProviderRequest,
  routeOf,
} from './provider-connection.js';
import { PROVIDER_LIMITS, type ProviderLimits } from './provider-limits.js';
import { Resilience } from './resilience.js';

/** Seconds, where the provider does not say. */
const RETRY_AFTER = 5;

type Read<T> = (answer: Answer) => T;
type Body = ProviderRequest['body'];

/** The requests that one call of ours makes. Each rejects with what a refusal means for it, or with an `Outage`. */
export interface FlexRequests {
  get<T>(path: string, read: Read<T>): Promise<T>;
  /** Null if there is no such user. */
  find<T>(path: string, read: Read<T>): Promise<T | null>;
  post<T>(path: string, body: Body, read: Read<T>, meanings: Meanings): Promise<T>;
  patch<T>(path: string, body: Body, read: Read<T>, meanings: Meanings): Promise<T>;
  delete(path: string, meanings: Meanings): Promise<void>;
}

/** The provider's Flex routes for one app, on the server's side. */
export class FlexClient {
  readonly appId: string;
  readonly baseUrl: string;
  private readonly connection: ProviderConnection;
  private readonly resilience: Resilience;
  private readonly holds = new Holds();
  private readonly notices = new Notices();

  constructor(settings: RemotePassageSettings, limits: ProviderLimits = PROVIDER_LIMITS) {
    this.appId = settings.appId;
    this.baseUrl = settings.baseUrl;
    this.connection = new ProviderConnection(settings);
    this.resilience = new Resilience(limits);
  }

  /** Does what takes one or more requests, within one time limit. Throws `provider_unavailable` for an `Outage`. */
  async ask<T>(work: (requests: FlexRequests) => Promise<T>): Promise<T> {
    try {
      return await this.resilience.within((signal) => work(this.requests(signal)));
    } catch (error) {
      if (!(error instanceof Outage)) throw error;
      const { reason, retryAfter = RETRY_AFTER } = error;
      throw new Unavailable('provider_unavailable', { cause: error, reason, retryAfter });
    }
  }

  private requests(signal: AbortSignal): FlexRequests {
    const send = <T>(request: ProviderRequest, read: (it: ProviderAnswer) => T, meanings: Meanings) =>
      this.request(request, read, meanings, signal);
    return {
      get: (path, read) => send({ method: 'GET', path }, json(read), {}),
      find: (path, read) => send({ method: 'GET', path }, json(read), NO_SUCH_USER).catch(nullIfNobody),
      post: (path, body, read, meanings) => send({ method: 'POST', path, body }, json(read), meanings),
      patch: (path, body, read, meanings) => send({ method: 'PATCH', path, body }, json(read), meanings),
      delete: (path, meanings) => send({ method: 'DELETE', path }, nothing, meanings),
    };
  }

  private async request<T>(
    request: ProviderRequest,
    read: (answer: ProviderAnswer) => T,
    meanings: Meanings,
    signal: AbortSignal,
  ): Promise<T> {
    const route = routeOf(request);
    const { reads, writes } = this.resilience;
    const lane = request.method === 'GET' ? reads : writes;
    try {
      this.holds.check(route);
      const answer = await lane.run((limited) => this.connection.exchange(request, limited), signal);
      if (answer.status >= 300) throw refusalOf(answer, meanings);
      return read(answer);
    } catch (error) {
      if (error instanceof Outage) {
        this.holds.heed(route, error);
        this.notices.tell(route, error);
      }
      throw error;
    }
  }
}

const NO_SUCH_USER: Meanings = { '404 user_not_found': 'user_not_found' };

function nullIfNobody(error: unknown): null {
  if (error instanceof AppError && error.code === 'user_not_found') return null;
  throw error;
}

const json =
  <T>(read: Read<T>) =>
  ({ text }: ProviderAnswer): T =>
    read(Answer.parse(text));

/** What was done has nothing to tell; a page of some proxy's, or a job put off, is no sign that it was done. */
function nothing({ status, text }: ProviderAnswer): void {
  if (text !== '' || (status !== 200 && status !== 204)) throw malformed();
}
