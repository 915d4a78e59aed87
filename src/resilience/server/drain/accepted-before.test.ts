import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2, { type ServerHttp2Stream } from 'node:http2';
import https from 'node:https';
import net, { type Server } from 'node:net';
import tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { acceptedBefore, answerOf } from './accepted-before.ts';
import { drain } from './drain.ts';
import { CERT, KEY } from './testing/certificate.ts';
import { connect, listen } from './testing/listen.ts';

const QUICK = { signals: false, propagationDelayMs: 0, idleGraceMs: 10, deadlineMs: 20_000 } as const;
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

describe('acceptedBefore', () => {
  it('finds the connections of an HTTPS server and what they carry, so that a late drain() reports them', async () => {
    const server = https.createServer({ cert: CERT, key: KEY });
    const port = await listen(server);
    const agent = new https.Agent({ keepAlive: true, ca: CERT });
    cleanups.push(() => agent.destroy());
    const request = https.get({ host: 'localhost', family: 4, port, agent, path: '/slow' });
    const [, response] = (await once(server, 'request')) as [unknown, { end(text: string): void }];
    expect(acceptedBefore(server).map(({ socket }) => answerOf(socket))).toEqual([response]);

    const report = drain(server, QUICK).start();
    response.end('done');
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.headers.connection).toBe('close');
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('finds the connections of a raw server, and only its own', async () => {
    const [server, other] = [net.createServer(), net.createServer()];
    const [client] = [await connect(await listen(server)), await connect(await listen(other))];
    cleanups.push(() => other.close());
    await accepted(server);
    await accepted(other);
    expect(acceptedBefore(server)).toHaveLength(1);
    const report = drain(server, QUICK).start();
    expect(await client.end).toBe('end');
    client.socket.end();
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });
});

describe('a drain that is called late', () => {
  it('answers all pipelined requests that are in their handlers, and the last says close', async () => {
    const { server, port, responses } = await holding(20);
    const client = await connect(port);
    client.socket.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
    await once(server, 'all');
    const report = drain(server, QUICK).start();
    for (const [at, response] of responses.entries()) {
      response.end(`n${at}.`);
      await client.until(new RegExp(`n${at}\\.`));
    }
    expect(await client.end).toBe('end');
    client.socket.end();
    const said = client.text().match(/^connection: .*$/gim);
    expect(said).toEqual([...Array.from({ length: 19 }, () => 'Connection: keep-alive'), 'Connection: close']);
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('answers all of them when they are written at once, too late for the last to say close', async () => {
    const { server, port, responses } = await holding(20);
    const client = await connect(port);
    client.socket.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
    await once(server, 'all');
    const report = drain(server, QUICK).start();
    for (const response of responses) response.end('ok');
    expect(await client.end).toBe('end');
    client.socket.end();
    expect(client.text().match(/HTTP\/1.1 200/g)).toHaveLength(20);
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('half-closes WebSockets, and cuts and names those that stay', async () => {
    const server = http.createServer();
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    });
    const port = await listen(server);
    const [polite, deaf] = [await connect(port), await connect(port)];
    for (const { socket, until } of [polite, deaf]) {
      socket.write('GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      await until(/101/);
    }
    const report = drain(server, { ...QUICK, deadlineMs: 300 }).start();
    expect(await polite.end).toBe('end');
    polite.socket.end();
    const remote = `127.0.0.1:${deaf.socket.localPort}`;
    expect(await report).toMatchObject({ finished: 1, cut: [{ remote }] });
    expect(await connectionsOf(server)).toBe(0);
    deaf.socket.destroy();
  });

  it('sends the sessions of HTTP/2 away and answers their streams', async () => {
    const server = http2.createServer();
    const port = await listen(server);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    cleanups.push(() => session.destroy());
    const stream = session.request({ ':path': '/slow' });
    const [held] = (await once(server, 'stream')) as [ServerHttp2Stream];
    const report = drain(server, QUICK).start();
    await once(session, 'goaway');
    held.respond({ ':status': 200 });
    held.end('answered');
    expect((await stream.setEncoding('utf8').toArray()).join('')).toBe('answered');
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('cuts the streams of HTTP/2 that are left at the deadline, an entry for each', async () => {
    const server = http2.createServer();
    server.on('stream', (stream: ServerHttp2Stream) => stream.on('error', () => {}));
    const port = await listen(server);
    const session = http2.connect(`http://127.0.0.1:${port}`).on('error', () => {});
    cleanups.push(() => session.destroy());
    const streams = ['/a', '/b'].map((path) => session.request({ ':path': path }).on('error', () => {}));
    await once(server, 'stream');
    const { cut } = await drain(server, { ...QUICK, deadlineMs: 100 }).start();
    expect(cut).toHaveLength(2);
    expect(new Set(cut.map(({ remote }) => remote)).size).toBe(1);
    expect(await connectionsOf(server)).toBe(0);
    for (const stream of streams) stream.destroy();
  });

  it('leaves what it cannot tell over TLS until the deadline, then cuts and names it', async () => {
    const server = tls.createServer({ key: KEY, cert: CERT }, (socket) => socket.on('error', () => {}).resume());
    const port = await listen(server);
    const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }).on('error', () => {});
    cleanups.push(() => client.destroy());
    await once(server, 'secureConnection');
    const remote = `127.0.0.1:${client.localPort}`;
    expect(await drain(server, { ...QUICK, deadlineMs: 100 }).start()).toMatchObject({
      finished: 0,
      cut: [{ remote }],
    });
    expect(await connectionsOf(server)).toBe(0);
  });

  it('leaves no session of HTTP/2 over TLS behind, found or not', async () => {
    const server = http2.createSecureServer({ key: KEY, cert: CERT });
    const port = await listen(server);
    const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }).on('error', () => {});
    cleanups.push(() => session.destroy());
    await once(server, 'session');
    const { finished, cut } = await drain(server, { ...QUICK, deadlineMs: 2000 }).start();
    expect(finished + cut.length).toBe(1);
    expect(await connectionsOf(server)).toBe(0);
  });

  it('sends a session of HTTP/2 over TLS away when it asks for something', async () => {
    const server = http2.createSecureServer({ key: KEY, cert: CERT });
    const port = await listen(server);
    const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    cleanups.push(() => session.destroy());
    const first = session.request({ ':path': '/first' });
    const [held] = (await once(server, 'stream')) as [ServerHttp2Stream];
    const report = drain(server, { ...QUICK, idleGraceMs: 20_000 }).start();
    const second = session.request({ ':path': '/second' });
    const [late] = (await once(server, 'stream')) as [ServerHttp2Stream];
    await once(session, 'goaway');
    for (const stream of [held, late]) {
      stream.respond({ ':status': 200 });
      stream.end('answered');
    }
    for (const stream of [first, second])
      expect((await stream.setEncoding('utf8').toArray()).join('')).toBe('answered');
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('says close to HTTP/1 on a server of HTTP/2 over TLS', async () => {
    const server = http2.createSecureServer({ key: KEY, cert: CERT, allowHTTP1: true });
    server.on('request', (_request, response) => response.end('ok'));
    const port = await listen(server);
    const agent = new https.Agent({ keepAlive: true, ca: CERT, maxSockets: 1 });
    cleanups.push(() => agent.destroy());
    const ask = async (): Promise<IncomingMessage> => {
      const request = https.get({ host: 'localhost', family: 4, port, agent });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await response.resume().toArray();
      return response;
    };
    expect((await ask()).headers.connection).toBe('keep-alive');
    const report = drain(server, { ...QUICK, idleGraceMs: 20_000 }).start();
    expect((await ask()).headers.connection).toBe('close');
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('warns of TLS connections that it cannot tell, and of no others', async () => {
    const warnings: (Error & { code?: string })[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    cleanups.push(() => process.off('warning', note));
    const early = tls.createServer({ key: KEY, cert: CERT });
    const stops = [drain(early, QUICK)];
    for (const server of [
      early,
      tls.createServer({ key: KEY, cert: CERT }),
      https.createServer({ key: KEY, cert: CERT }),
    ]) {
      server.on('connection', (socket) => socket.on('error', () => {}));
      const port = await listen(server);
      const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }).on('error', () => {});
      cleanups.push(() => client.destroy());
      await once(server, 'secureConnection');
      if (server !== early) stops.push(drain(server, { ...QUICK, deadlineMs: 50 }));
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings.map(({ code }) => code)).toEqual(['FIRSTHAND_DRAIN_LATE']);
    expect(warnings[0]!.message).toContain('what they carry (1)');
    for (const stop of stops) void stop.start();
  });

  it('counts connections that it cannot find', async () => {
    const server = net.createServer((socket) => socket.unref());
    const client = await connect(await listen(server));
    cleanups.push(() => client.socket.destroy());
    await accepted(server);
    const report = await drain(server, { ...QUICK, deadlineMs: 50 }).start();
    expect(report).toMatchObject({ finished: 0, cut: [{ remote: 'unknown' }] });
  });

  it('learns of the connections that came after dispose()', async () => {
    const server = http.createServer((_request, response) => response.end('ok'));
    const stop = drain(server, QUICK);
    const port = await listen(server);
    const before = await connect(port);
    before.socket.write(GET);
    await before.until(/ok/);
    stop.dispose();
    before.socket.write(GET);
    await before.until(/ok[^]*ok/);
    const after = await connect(port);
    after.socket.write(GET);
    await after.until(/ok/);
    const report = stop.start();
    for (const client of [before, after]) {
      expect(await client.end).toBe('end');
      client.socket.end();
    }
    expect(await report).toMatchObject({ finished: 2, cut: [] });
  });

  it('drains a server that listens again after a drain', async () => {
    const server = http.createServer((_request, response) => response.end('ok'));
    server.keepAliveTimeout = 7000;
    await listen(server);
    await Promise.all([drain(server, QUICK).start(), drain(server, QUICK).start()]);
    expect(server.keepAliveTimeout).toBe(7000);
    const client = await connect(await listen(server));
    client.socket.write(GET);
    await client.until(/ok/);
    const report = drain(server, QUICK).start();
    expect(await client.end).toBe('end');
    client.socket.end();
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });
});

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** A server that emits 'all' when so many requests wait for the test to answer them. */
async function holding(count: number): Promise<{ server: http.Server; port: number; responses: ServerResponse[] }> {
  const responses: ServerResponse[] = [];
  const server = http.createServer((_request, response) => {
    if (responses.push(response) === count) server.emit('all');
  });
  return { server, port: await listen(server), responses };
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
}

/** Until the server has taken what waits in its queue. */
async function accepted(server: Server): Promise<void> {
  while ((await connectionsOf(server)) === 0) await new Promise((resolve) => setImmediate(resolve));
}
