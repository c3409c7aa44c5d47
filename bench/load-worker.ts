/** Sends one `Load` to a server and answers its parent with the `Measurement`; a process of its own, so that it slows neither. */
import autocannon from 'autocannon';

export interface Load {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Every connection goes round a share of its own, in order. */
  readonly requests: readonly Request[];
  readonly connections: number;
  /** Seconds; null where every request is sent once. */
  readonly duration: number | null;
  /** Source of a regular expression that every right answer matches. */
  readonly answer: string;
}

export interface Request {
  readonly headers: Record<string, string>;
  readonly body?: string;
}

export interface Measurement {
  /** Answers that were right. */
  readonly answers: number;
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers that were not 2xx or not right, and requests that had none. */
  readonly failures: number;
}

process.once('message', (load: Load) => {
  void run(load).then((measurement) => process.send!(measurement, () => process.disconnect()));
});

process.once('disconnect', () => process.exit());

async function run({ requests, connections, duration, ...load }: Load): Promise<Measurement> {
  const share = Math.floor(requests.length / connections);
  const answer = new RegExp(load.answer);
  let next = 0;
  let begin = 0;
  let end = 0;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url: load.url,
        connections,
        pipelining: 1,
        ...(duration === null ? { amount: share * connections } : { duration }),
        verifyBody: (body) => answer.test(body as string),
        setupClient: (client) => {
          const from = share * next++;
          const own = requests.slice(from, from + share);
          client.setRequests(own.map((request) => ({ method: load.method, path: load.path, ...request })));
        },
      },
      (error: Error | null, result: autocannon.Result) => (error ? reject(error) : resolve(result)),
    );
    // By its own clock a run lasts whole seconds, however soon the last answer comes.
    instance.on('start', () => (begin = performance.now()));
    instance.on('response', () => (end = performance.now()));
  });
  const answers = result['2xx'] - result.mismatches;
  return {
    answers,
    requestsPerSecond: answers / ((end - begin) / 1000),
    p50: result.latency.p50,
    p99: result.latency.p99,
    failures: result.non2xx + result.mismatches + result.errors + result.timeouts,
  };
}
