import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import type { TestApp } from './build-app.js';

/** An answer of the service, its body parsed when it is JSON. */
export class HttpAnswer {
  constructor(private readonly response: LightMyRequestResponse) {}

  get status(): number {
    return this.response.statusCode;
  }

  get headers(): LightMyRequestResponse['headers'] {
    return this.response.headers;
  }

  get text(): string {
    return this.response.body;
  }

  get body(): unknown {
    return this.as<unknown>();
  }

  /** The JSON body, taken to be of a type that the test goes on to check. */
  as<T>(): T {
    return this.response.json<T>();
  }

  /** The body, if the request succeeded; else throws with what came instead. */
  expect<T>(status = 200): T {
    if (this.status !== status) throw new Error(`expected ${status}, got ${this.status}: ${this.text}`);
    return this.as<T>();
  }
}

/** Status and code of a refusal; the code is undefined where the body has none. */
export const codeOf = (answer: HttpAnswer): [status: number, code: string | undefined] => [
  answer.status,
  answer.as<{ code?: string }>().code,
];

/** Sends one request through the whole service, network and parsing of HTTP aside. */
export async function send(
  { application }: Pick<TestApp, 'application'>,
  request: InjectOptions,
): Promise<HttpAnswer> {
  return new HttpAnswer(await application.inject(request));
}

let addresses = 0;

/** An address that no other client of the test has, for routes that are limited by address. */
export function newAddress(): string {
  addresses += 1;
  return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;
}
