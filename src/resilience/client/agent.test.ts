import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, get, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios from 'axios';
import { got } from 'got';
import fetch from 'node-fetch';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeCertificate } from '../../../lab/certificate.ts';
import { pause } from '../../../lab/wait.ts';
import { carrierOf, descriptorOf } from '../socket/carrier.ts';
import { kernel } from '../socket/kernel.ts';
import { PLATFORM_OPTIONS } from '../socket/option-numbers.ts';
import { keepAliveAgent } from './agent.ts';

/** How each client asks once, with no retries of its own. */
const CLIENTS: Readonly<Record<string, (url: string, agent: Agent) => Promise<string>>> = {
  'node:http': ask,
  axios: async (url, httpAgent) => (await axios.get<string>(url, { httpAgent, proxy: false })).data,
  got: (url, agent) => got(url, { agent: { http: agent }, retry: { limit: 0 } }).text(),
  'node-fetch': async (url, agent) => (await fetch(url, { agent })).text(),
};

const CLOSERS: Readonly<Record<string, (socket: Socket) => unknown>> = {
  // Not end(), whose FIN leaves in a later turn.
  FIN: (socket) => socket.destroy(),
  RST: (socket) => socket.resetAndDestroy(),
};

describe.each(Object.entries(CLIENTS))('keepAliveAgent with %s', (_, askOnce) => {
  it.each(Object.entries(CLOSERS))(
    'does not reuse a connection on which a %s has just arrived',
    async (_kind, close) => {
      const { url, sockets } = await serve();
      const agent = newAgent({ maxSockets: 1 });
      for (let round = 0; round < 20; round++) {
        expect(await askOnce(url, agent)).toBe('ok');
        await idle(agent);
        // In the same turn: the kernel knows, Node has not been told.
        for (const socket of sockets) close(socket);
      }
      expect(sockets.size).toBeLessThanOrEqual(1);
    },
  );

  it('reuses a healthy connection', async () => {
    const { url, accepted } = await serve();
    const agent = newAgent({ maxSockets: 1 });
    for (let round = 0; round < 5; round++) {
      expect(await askOnce(url, agent)).toBe('ok');
      await idle(agent);
    }
    expect(accepted()).toBe(1);
  });
});

describe('an idle limit below that of the server', () => {
  it('fails no request of any client, at gaps from well before to well after both limits', async () => {
    const { url, server, accepted } = await serve();
    const limits = new WeakMap<Socket, NodeJS.Timeout>();
    server.prependListener('request', ({ socket }, response) => {
      clearTimeout(limits.get(socket));
      response.once('finish', () => {
        limits.set(
          socket,
          setTimeout(() => socket.destroy(), 400),
        );
      });
    });
    const agent = newAgent({ idleMs: 200 });
    const gaps = [100, 190, 200, 210, 390, 400, 410];
    const lanes = Object.values(CLIENTS).flatMap((askOnce) =>
      gaps.map(async (gapMs) => {
        const answers: string[] = [];
        for (let turn = 0; turn < 5; turn++) {
          answers.push(await askOnce(url, agent));
          await pause(gapMs);
        }
        return answers;
      }),
    );
    const answers = (await Promise.all(lanes)).flat();
    expect(answers).toEqual(Array.from({ length: 140 }, () => 'ok'));
    // Some were used again, and some were not.
    expect(accepted()).toBeGreaterThan(lanes.length);
    expect(accepted()).toBeLessThan(answers.length);
  });
});

describe('the same without it', () => {
  it.each(Object.entries(CLOSERS))('an agent of Node sends a request into a %s', async (_kind, close) => {
    const { url, sockets } = await serve();
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    await ask(url, agent);
    await idle(agent);
    for (const socket of sockets) close(socket);
    await expect(ask(url, agent)).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
  });
});

describe('keepAliveAgent', () => {
  it('retires a connection a margin before the hint of the server', async () => {
    const { url, server } = await serve();
    server.keepAliveTimeout = 5000;
    const agent = newAgent({ marginMs: 1500 });
    await ask(url, agent);
    expect((await idle(agent)).timeout).toBe(3500);
  });

  it('does not keep a connection whose hint leaves no time', async () => {
    const { url, server, accepted } = await serve();
    server.prependListener('request', (_request, response) => response.setHeader('Keep-Alive', 'timeout=1'));
    const agent = newAgent({});
    const closed = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
    await ask(url, agent);
    await closed;
    expect([Object.keys(agent.freeSockets), accepted()]).toEqual([[], 1]);
  });

  it('closes first: the server sees the end of a connection that was idle for the limit', async () => {
    const { url, server } = await serve();
    const agent = newAgent({ idleMs: 20 });
    const ended = once(server, 'connection').then(([socket]) => once(socket as Socket, 'end'));
    await ask(url, agent);
    const socket = await idle(agent);
    await Promise.all([ended, once(socket, 'close')]);
    expect(Object.keys(agent.freeSockets)).toEqual([]);
  });

  it('does not reuse a connection past its limit although a busy event loop held up the timer', async () => {
    const { url, accepted } = await serve();
    const agent = newAgent({ idleMs: 20 });
    await ask(url, agent);
    await idle(agent);
    const until = performance.now() + 25;
    while (performance.now() < until);
    await ask(url, agent);
    expect(accepted()).toBe(2);
  });

  it('gives a reused connection the timeout of the agent back', async () => {
    const { url } = await serve();
    const agent = newAgent({ timeout: 7000 });
    await ask(url, agent);
    const socket = await idle(agent);
    expect(socket.timeout).toBe(4000);
    const request = get(url, { agent }, (response) => response.resume());
    await once(request, 'socket');
    expect([request.reusedSocket, request.socket === socket, socket.timeout]).toEqual([true, true, 7000]);
    await once(request, 'close');
  });

  it('clears dead connections away in the order in which they would be used', async () => {
    const { url, sockets, accepted } = await serve();
    for (const scheduling of ['lifo', 'fifo'] as const) {
      const agent = newAgent({ scheduling });
      await Promise.all([ask(url, agent), ask(url, agent), ask(url, agent)]);
      await idle(agent, 3);
      const free = Object.values(agent.freeSockets)[0]!;
      const survivor = scheduling === 'lifo' ? free[0]! : free[2]!;
      for (const socket of sockets) if (socket.remotePort !== survivor.localPort) socket.resetAndDestroy();
      const before = accepted();
      expect(await ask(url, agent)).toBe('ok');
      expect(accepted()).toBe(before);
      survivor.destroy();
    }
  });

  it('sets keep-alive on each connection, also after it was idle, and on https', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'firsthand-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const certificate = await makeCertificate(folder);
    for (const protocol of ['http', 'https'] as const) {
      const { url } = await serve(protocol === 'https' ? certificate : undefined);
      const tcp = { idleMs: 5000, intervalMs: 3000, count: 2, userTimeoutMs: 9000 };
      const agent = newAgent({ protocol, tcp, rejectUnauthorized: false });
      const { data } = await axios.get<string>(url, { httpAgent: agent, httpsAgent: agent, proxy: false });
      expect(data).toBe('ok');
      const socket = await idle(agent);
      const calls = kernel();
      if (typeof calls === 'string') throw new Error(calls);
      const numbers = PLATFORM_OPTIONS[process.platform]!;
      const names = ['on', 'idleMs', 'intervalMs', 'count', 'userTimeoutMs'] as const;
      const fd = descriptorOf(carrierOf(socket))!;
      expect(names.map((name) => calls.get(fd, numbers[name]))).toEqual([1, 5, 3, 2, 9000]);
    }
  });

  it.each([
    [{ idleMs: 0 }, 'idleMs must be a whole number of milliseconds from 1 to 2147483647, not 0'],
    [{ marginMs: -1 }, 'marginMs must be a whole number of milliseconds from 0'],
    [{ tcp: { count: 0 } }, 'count must be'],
  ])('refuses %j', (options, message) => {
    expect(() => keepAliveAgent(options)).toThrow(message);
  });
});

describe('keepAliveAgent without koffi', () => {
  afterEach(() => {
    vi.doUnmock('../socket/kernel.ts');
    vi.resetModules();
  });

  it.each(Object.entries(CLOSERS))(
    'does not reuse a connection on which a %s has just arrived',
    async (_kind, close) => {
      vi.resetModules();
      vi.doMock('../socket/kernel.ts', () => ({ kernel: () => 'koffi is not there' }));
      const module = await import('./agent.ts');
      const { url, sockets } = await serve();
      const agent = module.keepAliveAgent({ maxSockets: 1 });
      onTestFinished(() => agent.destroy());
      for (let round = 0; round < 50; round++) {
        expect(await ask(url, agent)).toBe('ok');
        await idle(agent);
        for (const socket of sockets) close(socket);
      }
    },
  );
});

function newAgent(options: Parameters<typeof keepAliveAgent>[0]): Agent {
  const agent = keepAliveAgent(options);
  onTestFinished(() => agent.destroy());
  return agent;
}

/** Resolves to one of the agent's idle connections, once it has so many of them. */
async function idle(agent: Agent, count: number = 1): Promise<Socket> {
  const free = (): Socket[] => Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
  // The agent's own listener for 'free' comes first and has put it there.
  while (free().length < count) await once(agent, 'free');
  return free()[0]!;
}

interface Served {
  readonly url: string;
  readonly server: HttpServer;
  /** Its open connections. */
  readonly sockets: ReadonlySet<Socket>;
  accepted(): number;
}

/** A server that says ok and gives no hint unless a test sets keepAliveTimeout. */
async function serve(certificate?: { key: string; cert: string }): Promise<Served> {
  const server = certificate ? createHttpsServer(certificate) : createServer();
  server.on('request', (_request, response: ServerResponse) => response.end('ok'));
  server.keepAliveTimeout = 0;
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}/`, server, sockets, accepted: () => accepted };
}

function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject);
  });
}
