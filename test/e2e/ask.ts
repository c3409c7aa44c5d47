import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Keeps connections open between questions; else each has its own. */
  readonly agent?: Agent;
}

/** One HTTP request, with all of its answer's headers; rejects with the socket's error if there is no answer. */
export const ask = (url: string, { method, headers, body, agent }: Question = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: agent ?? false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.once('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body: text }));
      answer.once('error', reject);
    });
    outgoing.once('error', reject).end(body);
  });
