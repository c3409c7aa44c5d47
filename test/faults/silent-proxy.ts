import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** `begin`: the transaction has begun, and nothing after it arrives. `commit`: it is committed, and its answer is lost. */
export type Moment = 'begin' | 'commit';

const TEXTS: Readonly<Record<Moment, Buffer>> = {
  begin: Buffer.from('begin isolation level read committed'),
  // With its end, as a level of isolation begins with the same letters.
  commit: Buffer.from('commit\0'),
};

/** Stands before a database; a connection can fall silent in the middle of a transaction, and stays open. */
export class SilentProxy {
  /** Connections that have fallen silent so far. */
  silenced = 0;
  private moment: Moment = 'begin';
  private left = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(private readonly databasePort: number) {
    this.server = createServer((near) => this.pass(near));
  }

  static async start(databasePort: number): Promise<SilentProxy> {
    const proxy = new SilentProxy(databasePort);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The next connections that come to this moment fall silent, as many as are said. */
  fallSilentAt(moment: Moment, times: number): void {
    this.moment = moment;
    this.left = times;
  }

  async close(): Promise<void> {
    this.server.close();
    this.sockets.forEach((socket) => socket.destroy());
    await once(this.server, 'close');
  }

  private pass(near: Socket): void {
    const far = connect(this.databasePort, '127.0.0.1');
    let [isSilent, hasBegun] = [false, false];
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        // A network that has fallen silent does not pass on that one side has hung up.
        if (!isSilent) [near, far].forEach((it) => it.destroy());
      });
    }
    const silence = (): void => {
      isSilent = true;
      this.silenced += 1;
    };
    near.on('data', (bytes) => {
      if (hasBegun && !isSilent) silence();
      if (isSilent) return;
      if (this.left > 0 && bytes.includes(TEXTS[this.moment])) {
        this.left -= 1;
        if (this.moment === 'commit') silence();
        else hasBegun = true;
      }
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (!isSilent) near.write(bytes);
    });
  }
}
