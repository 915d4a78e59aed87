import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type { LabContext } from '../../context.ts';
import { makeCertificate } from '../../certificate.ts';
import { IDENTIFIABLE, abortWithoutAnswer } from '../../equivalents.ts';
import { startHaproxy } from '../../haproxy.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, listen, read, request, started, write } from '../../sockets.ts';

/** A TLS client says hello to whatever listens, and takes what comes. */
async function sayClientHello(lab: LabContext): Promise<void> {
  const client = connectTls({ host: lab.host, port: lab.port, rejectUnauthorized: false });
  client.on('error', () => {});
  await closed(client);
}

async function tlsToHaproxy(lab: LabContext, option: string): Promise<void> {
  const proxy = `defaults
  mode http
  timeout client 2s
frontend plain
  bind ${lab.at(lab.port)}
  ${option}
  http-request return status 200`;
  await startHaproxy(lab, proxy, lab.port);
  await sayClientHello(lab);
}

const tlsToHttpProxy: Scenario = defineScenario({
  id: 'protocol-mismatch/tls-to-haproxy-http',
  cause: 'protocol-mismatch',
  kind: 'fires',
  title: 'TLS client at a plain HTTP port of HAProxy',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'protocol-mismatch',
    ...IDENTIFIABLE,
    why: 'HAProxy in HTTP mode with option nolinger took the ClientHello for a request, answered 400 and reset',
  },
  run: (lab) => tlsToHaproxy(lab, 'option nolinger'),
});

const tlsToMagic: Scenario = defineScenario({
  id: 'protocol-mismatch/tls-to-binary-protocol',
  cause: 'protocol-mismatch',
  kind: 'fires',
  title: 'TLS client at a server that expects other first bytes',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'protocol-mismatch',
    ...IDENTIFIABLE,
    why: 'A Node server whose messages begin with "LAB1" read a ClientHello instead and called resetAndDestroy()',
  },
  async run(lab) {
    const server = await listen(lab);
    server.server.on('connection', (socket) => {
      socket.once('data', (bytes) => {
        if (bytes.toString('latin1', 0, 4) !== 'LAB1') socket.resetAndDestroy();
      });
    });
    await sayClientHello(lab);
  },
});

const httpToTls: Scenario = defineScenario({
  id: 'protocol-mismatch/http-to-tls',
  cause: 'protocol-mismatch',
  kind: 'fires',
  title: 'Plain HTTP upload to a TLS port',
  needs: [...LOOPBACK, 'openssl'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'protocol-mismatch',
    equivalent: ['payload-rejected', 'unread-data', 'linger-zero', 'process-crash'],
    equivalentBecause: 'the server says nothing, so that the bytes do not show which protocol it speaks',
    why: 'A client sent a plain HTTP request with a 300 kB body to a Node TLS server, which gave up at its first bytes with the rest unread',
  },
  async run(lab) {
    await started(lab, createTlsServer(await makeCertificate(lab.directory)));
    const client = await dial(lab);
    client.resume();
    client.write(`POST /upload HTTP/1.1\r\nHost: lab\r\nContent-Length: 300000\r\n\r\n${'u'.repeat(300_000)}`);
    await closed(client);
  },
});

const closedByFin: Scenario = defineScenario({
  id: 'protocol-mismatch/closed-by-fin',
  cause: 'protocol-mismatch',
  kind: 'quiet',
  title: 'The same TLS client at the same HAProxy without nolinger: 400 and a FIN, no reset to explain',
  needs: [...LOOPBACK, 'haproxy'],
  where: 'loopback',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'HAProxy answered the ClientHello with 400 and closed by FIN; the client closed too',
  },
  run: (lab) => tlsToHaproxy(lab, ''),
});

const rightProtocol: Scenario = defineScenario({
  id: 'protocol-mismatch/right-protocol',
  cause: 'protocol-mismatch',
  kind: 'quiet',
  title: 'A well-formed HTTP request, reset without an answer',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    ...abortWithoutAnswer('linger-zero'),
    why: 'The server read a well-formed request and called resetAndDestroy()',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/right'));
    await read(accepted, request('/right').length);
    accepted.resetAndDestroy();
    client.resume();
    await closed(client);
  },
});

const tlsToTls: Scenario = defineScenario({
  id: 'protocol-mismatch/tls-to-tls',
  cause: 'protocol-mismatch',
  kind: 'quiet',
  title: 'TLS to a TLS port, aborted after the handshake',
  needs: [...LOOPBACK, 'openssl'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    ...abortWithoutAnswer('linger-zero'),
    why: 'The handshake succeeded and the client sent an encrypted request; the server read it and called resetAndDestroy()',
  },
  async run(lab) {
    const server = createTlsServer(await makeCertificate(lab.directory));
    // A TLSSocket cannot reset; the TCP socket below it can.
    server.on('connection', (raw: Socket) => {
      server.once('secureConnection', (socket) => {
        socket.on('error', () => {});
        socket.once('data', () => raw.resetAndDestroy());
      });
    });
    await started(lab, server);
    const client = connectTls({ host: lab.host, port: lab.port, rejectUnauthorized: false });
    client.on('error', () => {});
    await once(client, 'secureConnect');
    client.write(request('/secret'));
    client.resume();
    await closed(client);
  },
});

export const scenarios: readonly Scenario[] = [
  tlsToHttpProxy,
  tlsToMagic,
  httpToTls,
  closedByFin,
  rightProtocol,
  tlsToTls,
];
