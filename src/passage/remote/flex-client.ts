import type { RemotePassageSettings } from '../../config/configuration.js';
import { Answer } from './answer.js';
import { FlexRefusal, type Meanings, unavailable } from './flex-refusal.js';
import { Outage } from './outage.js';
import { type ProviderAnswer, ProviderConnection, type ProviderRequest } from './provider-connection.js';
import { PROVIDER_LIMITS, type ProviderLimits } from './provider-limits.js';
import { Resilience } from './resilience.js';

/** The requests that one call of ours makes; each rejects with a `FlexRefusal` or an `Outage`. */
export interface FlexRequests {
  get<T>(path: string, read: (answer: Answer) => T): Promise<T>;
  post<T>(path: string, body: ProviderRequest['body'], read: (answer: Answer) => T): Promise<T>;
  patch<T>(path: string, body: ProviderRequest['body'], read: (answer: Answer) => T): Promise<T>;
  /** Reads no answer. */
  delete(path: string): Promise<void>;
}

/** The provider's Flex routes for one app, on the server's side. */
export class FlexClient {
  readonly appId: string;
  readonly baseUrl: string;
  private readonly connection: ProviderConnection;
  private readonly resilience: Resilience;

  constructor(settings: RemotePassageSettings, limits: ProviderLimits = PROVIDER_LIMITS) {
    this.appId = settings.appId;
    this.baseUrl = settings.baseUrl;
    this.connection = new ProviderConnection(settings);
    this.resilience = new Resilience(limits);
  }

  /**
   * Does what takes one or more requests, within one time limit. Throws `AppError`: what `meanings` or the protocol
   * says of a refusal, `provider_unavailable` otherwise.
   */
  async ask<T>(work: (requests: FlexRequests) => Promise<T>, meanings: Meanings = {}): Promise<T> {
    try {
      return await this.resilience.within((signal) => work(this.requests(signal)));
    } catch (error) {
      if (error instanceof FlexRefusal) throw error.toAppError(meanings);
      throw error instanceof Outage ? unavailable(error) : error;
    }
  }

  private requests(signal: AbortSignal): FlexRequests {
    const parsed =
      <T>(read: (answer: Answer) => T) =>
      (text: string) =>
        read(Answer.parse(text));
    return {
      get: (path, read) => this.request({ method: 'GET', path }, parsed(read), signal),
      post: (path, body, read) => this.request({ method: 'POST', path, body }, parsed(read), signal),
      patch: (path, body, read) => this.request({ method: 'PATCH', path, body }, parsed(read), signal),
      delete: (path) => this.request({ method: 'DELETE', path }, () => undefined, signal),
    };
  }

  private async request<T>(
    request: ProviderRequest,
    read: (text: string) => T,
    signal: AbortSignal,
  ): Promise<T> {
    // An answer that makes no sense is an outage as well, so it is read where outages are counted.
    const attempt = async (limited: AbortSignal): Promise<{ value: T } | { refusal: ProviderAnswer }> => {
      const answer = await this.connection.exchange(request, limited);
      return answer.status < 300 ? { value: read(answer.text) } : { refusal: answer };
    };
    const outcome =
      request.method === 'GET'
        ? await this.resilience.read(attempt, signal)
        : await this.resilience.write(attempt, signal);
    if ('refusal' in outcome) throw new FlexRefusal(outcome.refusal);
    return outcome.value;
  }
}
