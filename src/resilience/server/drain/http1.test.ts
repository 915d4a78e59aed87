import { once } from 'node:events';
import http, { type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { drain } from './drain.ts';
import { ask, connect, listen } from './testing/listen.ts';

const QUICK = { signals: false, propagationDelayMs: 0, idleGraceMs: 10, deadlineMs: 20_000 } as const;
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

describe('drain of an HTTP/1 server', () => {
  it('answers the request in flight, says Connection: close and reports what it did', async () => {
    const { server, port, held } = await holding();
    const stop = drain(server, QUICK);
    const agent = keepAlive();
    const answer = ask(port, { agent, path: '/slow' });
    const response = await held();

    expect(stop.state).toBe('serving');
    const report = stop.start();
    expect(stop.state).toBe('draining');
    expect(stop.start()).toBe(report);
    response.end('done');

    expect(await answer).toMatchObject({ status: 200, body: 'done', headers: { connection: 'close' } });
    expect(await report).toMatchObject({ finished: 1, cut: [] });
    expect(stop.state).toBe('closed');
    expect(await stop.finished).toBe(await report);
    expect(server.listening).toBe(false);
  });

  it('knows connections from before it was called, and the request that one of them carries', async () => {
    const { server, port, held } = await holding();
    const [busy, idle] = [await connect(port), await connect(port)];
    busy.socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    const response = await held();
    idle.socket.write('GET /quick HTTP/1.1\r\nHost: x\r\n\r\n');
    (await held()).end('quick');
    await idle.until(/quick/);

    const report = drain(server, QUICK).start();
    expect(await idle.end).toBe('end');
    idle.socket.end();
    response.end('slow');
    expect(await busy.until(/slow/)).toMatch(/Connection: close/i);
    expect(await busy.end).toBe('end');
    busy.socket.end();
    expect(await report).toMatchObject({ finished: 2, cut: [] });
  });

  it('goes on accepting for the propagation delay, and answers 503 to readiness', async () => {
    const server = http.createServer((request, response) => {
      if (request.url === '/ready') stop.readiness(request, response);
      else response.end('served');
    });
    const stop = drain(server, { ...QUICK, propagationDelayMs: 400 });
    const port = await listen(server);
    const agent = keepAlive();
    const before = await ask(port, { agent, path: '/ready' });
    expect(before).toMatchObject({ status: 200, body: '{"status":"ready"}' });
    expect(before.headers.connection).toBe('keep-alive');

    const report = stop.start();
    const during = await ask(port, { agent: keepAlive(), path: '/ready' });
    expect(during).toMatchObject({ status: 503, body: '{"status":"draining"}', headers: { connection: 'close' } });
    expect((await ask(port, { agent: keepAlive() })).body).toBe('served');
    agent.destroy();
    expect((await report).durationMs).toBeGreaterThanOrEqual(390);
    await expect(ask(port, { agent })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each([
    ['nothing', (response: ServerResponse) => response.end('x')],
    ['keep-alive by setHeader', (response: ServerResponse) => response.setHeader('Connection', 'keep-alive').end('x')],
    [
      'keep-alive by writeHead with an object',
      (response: ServerResponse) => response.writeHead(200, { connection: 'keep-alive', 'X-A': '1' }).end('x'),
    ],
    [
      'keep-alive by writeHead with a reason and a flat array',
      (response: ServerResponse) => response.writeHead(200, 'Fine', ['Connection', 'keep-alive', 'X-A', '1']).end('x'),
    ],
    [
      'keep-alive by writeHead with pairs',
      (response: ServerResponse) =>
        response
          .writeHead(200, [
            ['Keep-Alive', 'timeout=9'],
            ['Connection', 'keep-alive'],
          ] as never)
          .end('x'),
    ],
    [
      'an early flush',
      (response: ServerResponse) => {
        response.flushHeaders();
        response.write('x');
        setImmediate(() => response.end());
      },
    ],
    ['a removed header', (response: ServerResponse) => (response.removeHeader('connection'), response.end('x'))],
  ])('says Connection: close when the handler sets %s', async (_, answerWith) => {
    const server = http.createServer((_request, response) => answerWith(response));
    const stop = drain(server, { ...QUICK, idleGraceMs: 20_000 });
    const client = await connect(await listen(server));
    const report = stop.start();
    client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await client.end).toBe('end');
    client.socket.end();
    expect(client.text()).toMatch(/^HTTP\/1.1 200 \w+\r\n/);
    expect(client.text().match(/^connection: .*$/gim)).toEqual(['Connection: close']);
    expect(client.text()).not.toMatch(/^keep-alive:/im);
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('keeps an idle connection for its grace, answers what comes, and half-closes it then', async () => {
    const server = http.createServer((_request, response) => response.end('x'));
    // Node's own idle timeout must not cut in: it would come first.
    server.keepAliveTimeout = 30;
    const stop = drain(server, { ...QUICK, idleGraceMs: 300 });
    const port = await listen(server);
    const [quiet, late] = [await connect(port), await connect(port)];
    for (const { socket, until } of [quiet, late]) {
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await until(/x$/);
    }
    const startedMs = performance.now();
    const report = stop.start();
    server.close();
    late.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await late.until(/Connection: close[^]*x$/);
    late.socket.end();
    expect(await quiet.end).toBe('end');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(290);
    quiet.socket.end();
    expect(await report).toMatchObject({ finished: 2, cut: [] });
  });

  it('reads on after its FIN until the peer is through, and runs nothing that came too late', async () => {
    let requests = 0;
    const server = http.createServer((_request, response) => {
      requests += 1;
      response.end('x');
    });
    const stop = drain(server, QUICK);
    const client = await connect(await listen(server));
    client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(/x$/);
    const report = stop.start();
    expect(await client.end).toBe('end');
    client.socket.write('POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n');
    client.socket.end(Buffer.alloc(65_536));
    expect(await report).toMatchObject({ finished: 1, cut: [] });
    expect(requests).toBe(1);
  });

  it('waits for a request whose first bytes have come', async () => {
    const server = http.createServer((_request, response) => response.end('x'));
    const stop = drain(server, QUICK);
    const port = await listen(server);
    const connected = once(server, 'connection');
    const [slow, idle] = [await connect(port), await connect(port)];
    const [socket] = await connected;
    slow.socket.write('GET /slow HTTP/1.1\r\nHost: ');
    while (socket.bytesRead === 0) await new Promise(setImmediate);
    const report = stop.start();
    expect(await idle.end).toBe('end');
    idle.socket.end();
    slow.socket.write('a\r\n\r\n');
    expect(await slow.until(/x$/)).toMatch(/Connection: close/);
    slow.socket.end();
    expect(await report).toMatchObject({ finished: 2, cut: [] });
  });

  it('cuts at the deadline and names each connection and its request, without the query', async () => {
    const { server, port, held } = await holding();
    const stop = drain(server, { ...QUICK, deadlineMs: 100 });
    const client = await connect(port);
    client.socket.write('POST /pay?token=secret HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1');
    await held();
    const stubborn = await connect(port);
    const remote = (side: typeof client): string => `127.0.0.1:${side.socket.localPort}`;
    const report = await stop.start();
    expect(report.finished).toBe(0);
    expect(new Set(report.cut)).toEqual(
      new Set([{ remote: remote(client), request: 'POST /pay' }, { remote: remote(stubborn) }]),
    );
    expect(await client.end).toBe('end');
    expect(client.text()).toBe('');
    stubborn.socket.destroy();
  });

  it('cuts half an answer that only the end delimits with a reset, so that it does not look whole', async () => {
    const server = http.createServer((_request, response) => {
      response.removeHeader('transfer-encoding');
      response.write('half');
    });
    const stop = drain(server, { ...QUICK, deadlineMs: 100 });
    const client = await connect(await listen(server));
    client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(/half/);
    await stop.start();
    expect(await client.end).toBe('ECONNRESET');
  });

  it('answers pipelined requests, and only the last says close', async () => {
    const responses: ServerResponse[] = [];
    const server = http.createServer((_request, response) => {
      if (responses.push(response) === 3) server.emit('three');
    });
    const stop = drain(server, QUICK);
    const client = await connect(await listen(server));
    client.socket.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3));
    await once(server, 'three');
    const report = stop.start();
    for (const [at, response] of responses.entries()) response.end(`n${at}`);
    expect(await client.end).toBe('end');
    client.socket.end();
    expect(client.text().match(/^connection: .*$|n\d/gim)).toEqual([
      'Connection: keep-alive',
      'n0',
      'Connection: keep-alive',
      'n1',
      'Connection: close',
      'n2',
    ]);
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('does not run a request that comes after an answer which closes', async () => {
    const { server, port, held } = await holding();
    const stop = drain(server, QUICK);
    let requests = 0;
    server.on('request', () => (requests += 1));
    const client = await connect(port);
    client.socket.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    const response = await held();
    const report = stop.start();
    response.write('begun');
    await client.until(/begun/);
    const [socket] = [response.socket!];
    const { bytesRead } = socket;
    client.socket.write('POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
    while (socket.bytesRead === bytesRead) await new Promise(setImmediate);
    response.end('ended');
    expect(await client.end).toBe('end');
    expect(client.text()).toMatch(/ended/);
    client.socket.end();
    expect(await report).toMatchObject({ finished: 1, cut: [] });
    expect(requests).toBe(1);
  });

  it('counts WebSockets: half-closed at the end of the grace, cut at the deadline with their request', async () => {
    const server = http.createServer();
    const ends: Promise<unknown>[] = [];
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      ends.push(once(socket, 'end'));
      socket.on('data', (chunk) => void (socket.writable && socket.write(chunk)));
    });
    const stop = drain(server, { ...QUICK, idleGraceMs: 50, deadlineMs: 400 });
    const port = await listen(server);
    const [polite, deaf] = [await connect(port), await connect(port)];
    for (const { socket, until } of [polite, deaf]) {
      socket.write('GET /chat?key=1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      await until(/101/);
    }
    const report = stop.start();
    polite.socket.write('still here');
    await polite.until(/still here/);
    expect(await polite.end).toBe('end');
    polite.socket.end();
    await ends[0];
    expect(await report).toMatchObject({
      finished: 1,
      cut: [{ remote: `127.0.0.1:${deaf.socket.localPort}`, request: 'GET /chat' }],
    });
    deaf.socket.destroy();
  });

  it('does not half-close a WebSocket that talks', async () => {
    const server = http.createServer();
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      let said = 0;
      const talking = setInterval(() => {
        said += 1;
        if (said <= 30) return void socket.write('tick ');
        clearInterval(talking);
        socket.end('bye');
      }, 10);
    });
    const stop = drain(server, { ...QUICK, idleGraceMs: 150 });
    const client = await connect(await listen(server));
    client.socket.write('GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await client.until(/tick/);
    const report = stop.start();
    expect(await client.end).toBe('end');
    client.socket.end();
    expect(client.text().split('\r\n\r\n')[1]).toBe(`${'tick '.repeat(30)}bye`);
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('ends at once when nobody is connected, also when it never listened', async () => {
    const never = http.createServer();
    expect(await drain(never, QUICK).start()).toMatchObject({ finished: 0, cut: [] });
    const server = http.createServer();
    await listen(server);
    expect(await drain(server, QUICK).start()).toMatchObject({ finished: 0, cut: [] });
  });

  it('leaves nothing on the process and the server when disposed of', async () => {
    const before = signalListeners();
    const server = http.createServer();
    for (let round = 0; round < 50; round += 1) drain(server).dispose();
    expect(signalListeners()).toBe(before);
    const stop = drain(server);
    expect(signalListeners()).toBe(before + 2);
    await stop.start();
    expect(signalListeners()).toBe(before);
  });

  it('takes one listener a signal, however many servers drain', async () => {
    const before = signalListeners();
    const stops = Array.from({ length: 11 }, () => drain(http.createServer()));
    expect(signalListeners()).toBe(before + 2);
    for (const stop of stops) stop.dispose();
    expect(signalListeners()).toBe(before);
  });

  it('starts all drains at one signal, also after somebody took the listener away', async () => {
    const first = drain(http.createServer(), { signals: ['SIGUSR2'] });
    process.removeAllListeners('SIGUSR2');
    const second = drain(http.createServer(), { signals: ['SIGUSR2'] });
    process.emit('SIGUSR2', 'SIGUSR2');
    expect([first.state, second.state]).toEqual(['draining', 'draining']);
    await Promise.all([first.finished, second.finished]);
    expect(process.listenerCount('SIGUSR2')).toBe(0);
  });

  it.each([
    [undefined, 'got undefined'],
    [{}, 'got an object (Object)'],
    [{ close() {} }, '(of Fastify: app.server), got an object (Object)'],
    [() => {}, 'drain: the first argument must be a server of node:net, tls, http, https or http2'],
  ])('refuses %o as a server', (server, message) => {
    expect(() => drain(server as never)).toThrow(TypeError);
    expect(() => drain(server as never)).toThrow(message);
  });

  it.each([
    [null, 'drain: options must be an object, got null'],
    ['SIGTERM', 'drain: options must be an object, got SIGTERM'],
    [{ signals: ['SIGFOO'] }, 'drain: signals must be names of signals that can be caught, got SIGFOO'],
    [{ signals: ['SIGKILL'] }, 'drain: signals must be names of signals that can be caught, got SIGKILL'],
    [{ deadlineMs: '5' }, 'drain: deadlineMs must be milliseconds from 0 to 2147483647, got 5'],
    [{ lingering: true }, 'lingering: options must be an object, got true'],
  ])('refuses the options %o, and leaves nothing behind', (options, message) => {
    const before = signalListeners();
    expect(() => drain(http.createServer(), options as never)).toThrow(TypeError);
    expect(() => drain(http.createServer(), options as never)).toThrow(message);
    expect(signalListeners()).toBe(before);
  });

  it.each([
    [{ deadlineMs: -1 }, 'drain: deadlineMs must be milliseconds from 0 to 2147483647, got -1'],
    [{ idleGraceMs: Number.NaN }, 'drain: idleGraceMs must be milliseconds from 0 to 2147483647, got NaN'],
    [{ signals: 'SIGTERM' as never }, 'drain: signals must be an array of signal names or false, got SIGTERM'],
    [{ lingering: { maxBytes: -1 } }, 'lingering: maxBytes must be a number of bytes from 0, got -1'],
  ])('refuses %o', (options, message) => {
    expect(() => drain(http.createServer(), options)).toThrow(message);
  });
});

/** A server whose answers the test gives. */
async function holding(): Promise<{ server: http.Server; port: number; held: () => Promise<ServerResponse> }> {
  const waiting: ServerResponse[] = [];
  const server = http.createServer((_request, response) => {
    waiting.push(response);
    server.emit('held');
  });
  const held = async (): Promise<ServerResponse> => {
    while (waiting.length === 0) await once(server, 'held');
    return waiting.shift()!;
  };
  return { server, port: await listen(server), held };
}

function signalListeners(): number {
  return process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
}

function keepAlive(): http.Agent {
  const agent = new http.Agent({ keepAlive: true });
  cleanups.push(() => agent.destroy());
  return agent;
}
