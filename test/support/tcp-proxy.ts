import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a service and its database, to be cut and mended. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;

  constructor(private readonly target: { readonly host: string; readonly port: number }) {}

  /** Where to connect instead of the target; the same after each mending. */
  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.port };
  }

  /** Lets connections through. */
  async open(): Promise<void> {
    this.server = createServer((near) => {
      const far = connect(this.target.port, this.target.host);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => [near, far].forEach((it) => it.destroy()));
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => this.server!.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as { port: number }).port;
  }

  /** From now on, until `cut`, passes nothing on over the connections there are, without closing them; new ones work. */
  fallSilent(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  /** Cuts every connection and refuses new ones. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve) ?? resolve(null));
    this.sockets.forEach((socket) => socket.destroy());
    this.sockets.clear();
    await closed;
  }
}
