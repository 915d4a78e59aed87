import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer as createHttpServer, request } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { connect, createServer, type AddressInfo, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeCertificate } from '../../../lab/certificate.ts';
import { carrierOf, descriptorOf } from './carrier.ts';
import { keepAlive } from './keep-alive.ts';
import { KEEP_ALIVE_DEFAULTS } from './keep-alive-options.ts';
import { kernel } from './kernel.ts';
import { setsProbes } from './native.ts';
import { PLATFORM_OPTIONS } from './option-numbers.ts';

const ASKED = { idleMs: 7000, intervalMs: 3000, count: 4, userTimeoutMs: 19_500 };

describe('keepAlive', () => {
  it('sets all four options, and the kernel says so', async () => {
    const socket = await dial(await listen(createServer()));
    const result = keepAlive(socket, ASKED);
    expect(inKernel(socket)).toEqual({ on: 1, idleMs: 7, intervalMs: 3, count: 4, userTimeoutMs: 19_500 });
    const probes = setsProbes() ? 'native' : 'koffi';
    expect(result).toEqual({
      idleMs: { value: 7000, how: 'native', verified: true, why: null },
      intervalMs: { value: 3000, how: probes, verified: true, why: null },
      count: { value: 4, how: probes, verified: true, why: null },
      userTimeoutMs: { value: 19_500, how: 'koffi', verified: true, why: null },
      complete: true,
    });
    expect(await result.settled).toBe(result);
  });

  it('has defaults below the idle limits of load balancers, and a user timeout as long as the probing', async () => {
    const socket = await dial(await listen(createServer()));
    keepAlive(socket);
    expect(inKernel(socket)).toEqual({ on: 1, idleMs: 60, intervalMs: 15, count: 4, userTimeoutMs: 120_000 });
    expect(KEEP_ALIVE_DEFAULTS.idleMs + 3 * KEEP_ALIVE_DEFAULTS.intervalMs).toBeLessThan(240_000);
  });

  it('rounds milliseconds down to the seconds the kernel counts, and says so', async () => {
    const socket = await dial(await listen(createServer()));
    const result = keepAlive(socket, { ...ASKED, idleMs: 7999, intervalMs: 3001 });
    expect([result.idleMs.value, result.intervalMs.value]).toEqual([7000, 3000]);
    expect(inKernel(socket)).toMatchObject({ idleMs: 7, intervalMs: 3 });
  });

  it('waits for a socket that is connecting', async () => {
    const port = await listen(createServer());
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const result = keepAlive(socket, ASKED);
    expect(result).toMatchObject({ complete: false, count: { value: null, how: 'pending' } });
    expect(await result.settled).toMatchObject({ complete: true, count: { value: 4, verified: true } });
    expect(inKernel(socket)).toMatchObject({ count: 4, userTimeoutMs: 19_500 });
    expect([socket.listenerCount('connect'), socket.listenerCount('close')]).toEqual([0, 0]);
  });

  it('sets what was asked last of a socket that is connecting', async () => {
    const socket = connect(await listen(createServer()), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    keepAlive(socket, { ...ASKED, count: 9 });
    await keepAlive(socket, ASKED).settled;
    expect(inKernel(socket)).toMatchObject({ count: 4 });
  });

  it('waits for a socket that has not been told where to connect', async () => {
    const port = await listen(createServer());
    const socket = new Socket();
    onTestFinished(() => void socket.destroy());
    const { settled } = keepAlive(socket, ASKED);
    socket.connect(port, '127.0.0.1');
    expect(await settled).toMatchObject({ complete: true });
  });

  it('answers when the socket never connects', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((closed) => server.close(closed));
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    expect(await keepAlive(socket, ASKED).settled).toMatchObject({
      complete: false,
      idleMs: { value: null, how: 'unavailable', why: 'the socket is closed' },
    });
  });

  it('outlives what http.Agent does to a socket that becomes idle', async () => {
    const server = createHttpServer((_, response) => response.end('ok'));
    const port = await listen(server);
    const agent = new Agent({ keepAlive: true, keepAliveMsecs: 30_000 });
    onTestFinished(() => agent.destroy());
    const asking = request({ port, agent }).end();
    const [socket] = (await once(asking, 'socket')) as [Socket];
    keepAlive(socket, ASKED);
    const [response] = (await once(asking, 'response')) as [NodeJS.ReadableStream];
    response.resume();
    await once(agent, 'free');
    expect(inKernel(socket)).toEqual({ on: 1, idleMs: 7, intervalMs: 3, count: 4, userTimeoutMs: 19_500 });
  });

  it('is changed by a second call, and ended by setKeepAlive(false)', async () => {
    const socket = await dial(await listen(createServer()));
    keepAlive(socket, ASKED);
    expect(keepAlive(socket, { ...ASKED, idleMs: 9000, intervalMs: 2000 }).complete).toBe(true);
    expect(inKernel(socket)).toMatchObject({ idleMs: 9, intervalMs: 2, count: 4 });
    expect(socket.setKeepAlive(false)).toBe(socket);
    expect(inKernel(socket)).toMatchObject({ on: 0 });
    expect(socket.setKeepAlive).toBe(Socket.prototype.setKeepAlive);
    expect(keepAlive(socket, ASKED).complete).toBe(true);
    expect(inKernel(socket)).toMatchObject({ on: 1, idleMs: 7, intervalMs: 3 });
  });

  it('works on both sides of TLS, and through TLS in TLS', async () => {
    const { key, cert } = await makeCertificate(await scratch());
    // A server that speaks TLS inside TLS: a proxy reached by https and what it leads to.
    const inner = createTlsServer({ key, cert }, (socket) => socket.resume());
    const outer = createTlsServer({ key, cert }, (socket) => inner.emit('connection', socket));
    const port = await listen(outer);
    const accepted = once(outer, 'secureConnection') as Promise<[TLSSocket]>;
    const first = connectTls({ port, rejectUnauthorized: false });
    onTestFinished(() => void first.destroy());
    await once(first, 'secureConnect');
    const [served] = await accepted;
    expect(keepAlive(served, { ...ASKED, count: 5 }).complete).toBe(true);
    expect(inKernel(served)).toMatchObject({ count: 5, userTimeoutMs: 19_500 });

    const second = connectTls({ socket: first, rejectUnauthorized: false });
    await once(second, 'secureConnect');
    expect(keepAlive(second, { ...ASKED, count: 6 })).toMatchObject({ complete: true, idleMs: { verified: true } });
    expect(inKernel(first)).toMatchObject({ idleMs: 7, count: 6 });
    for (const socket of [second, first]) socket.setKeepAlive(true, 1000);
    expect(inKernel(first)).toMatchObject({ idleMs: 7, intervalMs: 3, count: 6 });
  });

  it('knows what TLS wraps: a socket, still connecting or not, or a stream without one', async () => {
    const port = await listen(createServer());
    const connecting = connect(port, '127.0.0.1');
    const early = connectTls({ socket: connecting }).on('error', () => {});
    onTestFinished(() => void early.destroy());
    expect(await keepAlive(early, ASKED).settled).toMatchObject({ complete: true });
    expect(inKernel(connecting)).toMatchObject({ idleMs: 7, userTimeoutMs: 19_500 });

    const late = connectTls({ socket: await dial(port) }).on('error', () => {});
    onTestFinished(() => void late.destroy());
    expect(keepAlive(late, ASKED)).toMatchObject({ complete: true, idleMs: { verified: true } });

    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const rootless = connectTls({ socket: stream }).on('error', () => {});
    onTestFinished(() => void rootless.destroy());
    expect(keepAlive(rootless, ASKED)).toMatchObject({ complete: false, idleMs: { why: 'not a TCP socket' } });
  });

  it('reaches the connection of an HTTP/2 session, whose socket does not let Node set it', async () => {
    const port = await listen(createHttp2Server());
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    await once(session, 'remoteSettings');
    const socket = session.socket as Socket;
    expect(keepAlive(socket, ASKED)).toMatchObject({ complete: true, idleMs: { how: 'koffi', verified: true } });
    expect(inKernel(socket)).toEqual({ on: 1, idleMs: 7, intervalMs: 3, count: 4, userTimeoutMs: 19_500 });
    expect(Object.keys(session)).not.toContain('setKeepAlive');
  });

  it('says that a closed socket and a pipe have no options', async () => {
    const socket = await dial(await listen(createServer()));
    socket.destroy();
    expect(keepAlive(socket, ASKED).userTimeoutMs).toMatchObject({ value: null, why: 'the socket is closed' });

    const server = createServer();
    const path = join(await scratch(), 'pipe');
    server.listen(path);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const pipe = connect(path);
    onTestFinished(() => void pipe.destroy());
    expect(await keepAlive(pipe, ASKED).settled).toMatchObject({
      complete: false,
      idleMs: { how: 'unavailable', why: 'not a TCP socket' },
    });
  });

  it.each([
    [{ idleMs: 999 }, 'idleMs must be a whole number of milliseconds from 1000 to 32767000, not 999'],
    [{ idleMs: 32_768_000 }, 'idleMs must be'],
    [{ intervalMs: 0 }, 'intervalMs must be a whole number of milliseconds from 1000 to 32767000, not 0'],
    [{ intervalMs: Number.NaN }, 'not NaN'],
    [{ count: 0 }, 'count must be a whole number of probes from 1 to 127, not 0'],
    [{ count: 128 }, 'not 128'],
    [{ count: 2.5 }, 'not 2.5'],
    [{ userTimeoutMs: -1 }, 'userTimeoutMs must be a whole number of milliseconds from 0 to 2147483647, not -1'],
    [{ idleMs: '60000' as unknown as number }, 'not 60000'],
  ])('refuses %j', (options, message) => {
    const socket = new Socket();
    expect(() => keepAlive(socket, options)).toThrow(RangeError);
    expect(() => keepAlive(socket, options)).toThrow(message);
  });

  it('takes the largest values that the kernel takes', async () => {
    const socket = await dial(await listen(createServer()));
    const largest = { idleMs: 32_767_000, intervalMs: 32_767_000, count: 127, userTimeoutMs: 2_147_483_647 };
    expect(keepAlive(socket, largest).complete).toBe(true);
    expect(keepAlive(socket, { ...largest, userTimeoutMs: undefined }).userTimeoutMs.value).toBe(2_147_483_647);
    expect(keepAlive(socket, { userTimeoutMs: 0 }).userTimeoutMs).toMatchObject({ value: 0, verified: true });
  });
});

describe('keepAlive without koffi', () => {
  afterEach(() => {
    vi.doUnmock('./kernel.ts');
    vi.resetModules();
  });

  it('sets what Node sets, and says why not the rest', async () => {
    const port = await listen(createServer());
    const socket = await dial(port);
    vi.resetModules();
    vi.doMock('./kernel.ts', () => ({ kernel: () => 'koffi is not there' }));
    const { keepAlive: without } = await import('./keep-alive.ts');
    const result = without(socket, ASKED);
    expect(result).toMatchObject({
      complete: false,
      idleMs: { value: 7000, how: 'native', verified: false, why: 'not read back: koffi is not there' },
      userTimeoutMs: { value: null, how: 'unavailable', why: 'no version of Node sets it, and koffi is not there' },
    });
    expect(inKernel(socket)).toMatchObject({ on: 1, idleMs: 7, userTimeoutMs: 0 });
    expect(result.count.how).toBe(setsProbes() ? 'native' : 'unavailable');
  });
});

describe('setsProbes', () => {
  it.each([
    ['20.19.0', false],
    ['22.23.3', false],
    ['24.18.9', false],
    ['24.19.0', true],
    ['25.9.0', false],
    ['26.3.1', false],
    ['26.4.0', true],
    ['27.0.0', true],
  ])('knows Node %s', (version, expected) => {
    expect(setsProbes(version)).toBe(expected);
  });
});

/** What the kernel has, in its own units, read through a kernel interface of the test's own. */
function inKernel(socket: Socket): Record<string, number | string> {
  const calls = kernel();
  if (typeof calls === 'string') throw new Error(calls);
  const fd = descriptorOf(carrierOf(socket))!;
  const { info: _, ...options } = PLATFORM_OPTIONS[process.platform]!;
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, calls.get(fd, option)]));
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'firsthand-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}
