/** Sends one `Load` to a server and answers its parent with the `Measurement`; a process of its own, so that it slows neither. */
import autocannon from 'autocannon';

export interface Load {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** The headers of one request each; every connection goes round a share of its own. */
  readonly headers: readonly Record<string, string>[];
}

export interface Measurement {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers that were not 2xx, and requests that had none. */
  readonly failures: number;
}

process.once('message', (load: Load) => {
  void run(load).then((measurement) => process.send!(measurement, () => process.disconnect()));
});

process.once('disconnect', () => process.exit());

async function run({ url, seconds, connections, method, path, body, headers }: Load): Promise<Measurement> {
  const share = Math.floor(headers.length / connections);
  let next = 0;
  const result = await autocannon({
    url,
    connections,
    pipelining: 1,
    duration: seconds,
    setupClient: (client) => {
      const from = share * next++;
      const own = headers.slice(from, from + share);
      client.setRequests(own.map((each) => ({ method, path, headers: each, ...(body && { body }) })));
    },
  });
  return {
    requestsPerSecond: result['2xx'] / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failures: result.non2xx + result.errors + result.timeouts,
  };
}
