import { createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { TLSSocket } from 'node:tls';
import { commonName, newKey, signedCertificate } from '../../test/support/x509.js';
import { inspectServer } from './postgres-server.js';
import { PostgresServers } from './postgres-servers.js';

const TIMEOUT = 1_000; // ms
const CERTIFICATE =
  /sslmode=require verifies the certificate of the server, .*&sslrootcert=.*sslmode=no-verify/;

describe('a server whose certificate no authority has signed', () => {
  let server: Server;
  beforeAll(async () => {
    const privateKey = newKey();
    const subject = commonName('database');
    const certificate = signedCertificate(createPublicKey(privateKey), { subject }, subject, privateKey);
    const cert = new X509Certificate(certificate).toString();
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      // PostgreSQL's SSLRequest, answered with yes.
      socket.once('data', () => {
        socket.write('S');
        new TLSSocket(socket, { isServer: true, key, cert }).on('error', () => undefined);
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => server.close());

  const refusalBy = async (sslmode: string): Promise<string> => {
    const { port } = server.address() as AddressInfo;
    const url = `postgresql://keyway:secret-password@127.0.0.1:${port}/keyway?sslmode=${sslmode}`;
    const error = await inspectServer(new PostgresServers({ url }), TIMEOUT).catch((thrown: Error) => thrown);
    return (error as Error).message;
  };

  it.each(['require', 'verify-ca', 'verify-full'])(
    'is refused by sslmode=%s with what to set',
    async (sslmode) => {
      expect(await refusalBy(sslmode)).toMatch(CERTIFICATE);
      expect(await refusalBy(sslmode)).not.toContain('secret-password');
    },
  );

  it('is spoken to by sslmode=no-verify', async () => {
    const refusal = await refusalBy('no-verify');
    expect(refusal).not.toMatch(CERTIFICATE);
    expect(refusal).toMatch(/timeout/);
  });
});
