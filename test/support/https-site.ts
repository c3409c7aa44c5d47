import { once } from 'node:events';
import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { WebTerms } from '../../src/doctor/web.js';
import { type CertificateTraits, der, extension, newKey, TestAuthority } from './x509.js';

/** What a site answers on one path. */
export interface SiteAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const SUBJECT_ALTERNATIVE_NAME = '551d11';

/** A web of https sites of the test's own, with an authority of its own, on this machine. */
export class TestWeb {
  /** Host and path of each request, such as `shop.example/.well-known/webauthn`. */
  readonly requests: string[] = [];
  private readonly authority = new TestAuthority('Test Web');
  private readonly servers = new Map<string, Server>();
  private readonly addresses = new Map<string, string>();

  /** A site, or a site anew, that answers on these paths and with 404 on all others. */
  async site(
    host: string,
    answers: Readonly<Record<string, SiteAnswer>> = {},
    { certificateFor = host, ...traits }: CertificateTraits & { readonly certificateFor?: string } = {},
  ): Promise<void> {
    await this.remove(host);
    const key = newKey();
    const names = der('30', der('82', Buffer.from(certificateFor)));
    const [certificate] = this.authority.chainFor(key, {
      extensions: [extension(SUBJECT_ALTERNATIVE_NAME, names)],
      notAfter: new Date(Date.now() + 90 * 86_400_000),
      ...traits,
    });
    const options = {
      cert: pem(certificate!),
      key: key.export({ type: 'pkcs8', format: 'pem' }),
    };
    const server = createServer(options, (request, response) => {
      this.requests.push(`${request.headers.host}${request.url}`);
      const { status = 200, headers, body } = answers[request.url!] ?? { status: 404 };
      const type = typeof body === 'object' ? 'application/json' : 'text/html';
      response.writeHead(status, { 'content-type': type, ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body ?? 'none'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.servers.set(host, server);
  }

  /** Lets a name lead to an address instead of a site. */
  point(host: string, address: string): void {
    this.addresses.set(host, address);
  }

  async remove(host: string): Promise<void> {
    const server = this.servers.get(host);
    this.servers.delete(host);
    if (!server) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  async close(): Promise<void> {
    for (const host of [...this.servers.keys()]) await this.remove(host);
  }

  /** How it is reached: every other name is unknown. */
  get terms(): WebTerms {
    const resolve = (hostname: string, _options: object, done: (...all: unknown[]) => void) => {
      const address = this.addresses.get(hostname) ?? (this.servers.has(hostname) ? '127.0.0.1' : undefined);
      if (address === undefined) return done(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }));
      done(null, [{ address, family: 4 }] satisfies LookupAddress[]);
    };
    return {
      resolve: resolve as unknown as NonNullable<WebTerms['resolve']>,
      ca: pem(this.authority.certificate),
      portOf: ({ hostname }) => (this.servers.get(hostname)?.address() as AddressInfo | undefined)?.port ?? 1,
    };
  }
}

const pem = (certificate: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`;
