/**
 * `node --import firsthand/register`: real sockets, real clients, in child processes.
 *
 *   FIRSTHAND_TEST_NODE=/path/to/node   the Node that runs the applications (default: the one that runs the tests)
 *   FIRSTHAND_TEST_UNDICI=/path/to/undici   the folder of the package they import (default: the one installed here)
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { FirsthandRecord } from '../../src/resilience/register/record.ts';
import { ENV, ROOT, type Ran, run, start } from './bin.ts';
import { scratch } from './scratch.ts';

const APP = 'examples/register/app.mjs';
const CLIENTS = ['http', 'fetch', 'axios', 'undici'] as const;

/** What every client's error must say of each fault. */
const FAULTS: Readonly<Record<string, Partial<FirsthandRecord>>> = {
  stale: {
    cause: 'stale-reuse',
    level: 'likely',
    phase: 'request',
    reused: true,
    servedBefore: 1,
    bytesRead: 0,
    lastFromPeer: 'fin',
    finSeen: true,
    retry: 'safe',
  },
  midresponse: {
    cause: 'linger-zero',
    condition: 'reset',
    phase: 'response',
    reused: false,
    servedBefore: 0,
    bytesRead: 55,
    lastFromPeer: 'rst',
    idleMs: null,
  },
  refused: {
    cause: 'refused',
    condition: 'refused',
    phase: 'connect',
    ageMs: null,
    localPort: null,
    bytesWritten: 0,
    retry: 'safe',
  },
  abort: {
    cause: 'unread-data',
    condition: 'reset',
    phase: 'request',
    reused: false,
    bytesRead: 0,
    lastFromPeer: 'rst',
    level: 'possible',
  },
};

const { FIRSTHAND_TEST_NODE: NODE = process.execPath, FIRSTHAND_TEST_UNDICI: undici } = process.env;
/** Sends the applications' imports of undici elsewhere. */
const OTHER_UNDICI = undici ? ['--import', registration(join(undici, 'index.js'))] : [];

function registration(file: string): string {
  const hook = `export const resolve = (name, context, next) => next(name === 'undici' ? ${JSON.stringify(String(pathToFileURL(file)))} : name, context);`;
  const code = `import { register } from 'node:module'; register(${JSON.stringify(toDataUrl(hook))});`;
  return toDataUrl(code);
}

function toDataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

function node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return run(NODE, [...OTHER_UNDICI, ...args], { cwd: ROOT, env: { ...ENV, ...env } });
}

function registered(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return node(['--import', 'firsthand/register', ...args], env);
}

/** Runs lines of a module; `net`, `http` and `once` are there. */
function script(code: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return registered(['--input-type=module', '-e', IMPORTS + code], env);
}

const IMPORTS = `import { once } from 'node:events'; import http from 'node:http'; import net from 'node:net';
const listen = async (server) => { server.listen(0, '127.0.0.1'); await once(server, 'listening'); return server.address().port; };
const show = (error) => console.log(JSON.stringify(error.firsthand ?? null));
`;

function record({ out, err }: Ran): FirsthandRecord {
  const line = out.trim().split('\n').at(-1) ?? '';
  expect(line, err).toMatch(/^\{/);
  return JSON.parse(line) as FirsthandRecord;
}

describe('an error of each client', () => {
  for (const client of CLIENTS)
    for (const [fault, expected] of Object.entries(FAULTS))
      it(`${client}: ${fault}`, async () => {
        const ran = await registered([APP, client, fault]);
        const told = record(ran);
        expect(told).toMatchObject({
          ...expected,
          side: 'client',
          tls: false,
          request: { method: 'GET', path: '/orders/7' },
          peer: { address: '127.0.0.1' },
        });
        expect(told.peer.port).toBeGreaterThan(0);
        if (fault !== 'refused') {
          expect(told.localPort).toBeGreaterThan(0);
          expect(told.bytesWritten).toBeGreaterThan(50);
          expect(told.ageMs).toBeGreaterThanOrEqual(0);
        }
        expect(ran.err.match(/^ +firsthand: .*$/gm)).toEqual([
          expect.stringContaining(`firsthand: ${expected.cause} (${told.level}): ${told.title}`),
        ]);
        expect(ran.err).toContain(`retry: ${told.retry}; next: ${told.next}`);
        expect(ran.err.match(/^ +firsthand: .*(?:\n {6,}.*){3}/m)?.[0]).not.toContain('secret');
      });

  it('says nothing without register', async () => {
    const { out, err } = await node([APP, 'http', 'abort']);
    expect(out).toBe('null\n');
    expect(err).not.toContain('firsthand:');
  });
});

describe('applications of other stacks', () => {
  for (const stack of ['fastify', 'express', 'hono'])
    it(`${stack}: same events, listeners, bodies and errors with and without`, async () => {
      const file = `examples/register/stacks/${stack}.mjs`;
      const [without, withRegister] = [await node([file]), await registered([file])];
      expect(withRegister).toEqual(without);
      expect(without.code).toBe(0);
      expect(without.out).toMatch(/GET \/reset socket finish error close[\s\S]*closed\n$/);
    });
});

describe('who is blamed', () => {
  it('a deadline of the program in the middle of an answer is not blamed on the server', async () => {
    const ran = await script(`
      const server = http.createServer((_request, response) => response.writeHead(200, { 'content-length': 9 }).write('x'));
      const request = http.get({ port: await listen(server), host: '127.0.0.1' }).on('error', () => {});
      const [response] = await once(request, 'response');
      response.on('error', show).once('data', () => request.destroy(new Error('deadline')));
      await once(response, 'close'); server.closeAllConnections(); server.close();`);
    expect(record(ran)).toMatchObject({ message: 'aborted', cause: 'client-abort', endedHere: true });
  });

  it('the error of one connection that destroys another is not blamed on the other peer', async () => {
    const ran = await script(`
      const upstream = net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
      const upstreamPort = await listen(upstream);
      const proxy = http.createServer((request) => {
        request.on('error', show);
        net.connect(upstreamPort, '127.0.0.1').on('error', (error) => request.socket.destroy(error)).write('x');
      });
      proxy.on('connection', (socket) => socket.on('error', show));
      http.request({ port: await listen(proxy), host: '127.0.0.1', method: 'POST' })
        .on('error', () => { proxy.close(); upstream.close(); }).write('x');`);
    const told = ran.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FirsthandRecord);
    expect(told.map(({ message, side, endedHere }) => ({ message, side, endedHere }))).toEqual([
      { message: 'read ECONNRESET', side: 'client', endedHere: false },
      { message: 'aborted', side: 'server', endedHere: true },
    ]);
  });

  it('a request destroyed here is not blamed on the server', async () => {
    const ran = await script(`
      const server = http.createServer(() => request.destroy());
      const request = http.get({ port: await listen(server), host: '127.0.0.1' });
      show((await once(request, 'error'))[0]); server.closeAllConnections(); server.close();`);
    expect(record(ran)).toMatchObject({ message: 'socket hang up', cause: 'client-abort', endedHere: true });
  });

  it('a request destroyed before it has a socket neither', async () => {
    const ran = await script(`
      const request = http.get({ port: 1, host: '127.0.0.1' }); request.destroy();
      show((await once(request, 'error'))[0]);`);
    expect(record(ran)).toMatchObject({ message: 'socket hang up', cause: 'client-abort', ageMs: null });
  });

  it('a server names the client that left, on the socket and on the request', async () => {
    const ran = await script(`
      const server = http.createServer((request, response) => {
        request.on('error', (error) => { show(error); server.close(); }); response.write('x');
      });
      server.on('connection', (socket) => socket.on('error', show));
      const client = net.connect(await listen(server), '127.0.0.1');
      client.write('POST /up?token=1 HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 9\\r\\n\\r\\nabc');
      await once(client, 'data'); client.resetAndDestroy();`);
    const told = ran.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FirsthandRecord);
    expect(told.map(({ message }) => message)).toEqual(['read ECONNRESET', 'aborted']);
    for (const one of told)
      expect(one).toMatchObject({
        side: 'server',
        cause: 'client-abort',
        lastFromPeer: 'rst',
        request: { method: 'POST', path: '/up' },
      });
  });

  it('a kept connection reset before a byte of the next request left is safe to retry, even for POST', async () => {
    const ran = await script(`
      const { request } = await import('undici');
      let kept;
      const server = net.createServer((socket) => { kept = socket; socket.on('data', () => socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')); });
      const url = 'http://127.0.0.1:' + await listen(server);
      await (await request(url)).body.text(); await new Promise(setImmediate);
      kept.resetAndDestroy();
      await request(url + '/pay', { method: 'POST' }).catch(show); server.close();`);
    expect(record(ran)).toMatchObject({
      cause: 'stale-reuse',
      retry: 'safe',
      bytesWritten: 0,
      request: { method: 'POST', path: '/pay' },
    });
    expect(record(ran).group).toEqual(['stale-reuse']);
  });

  it('a reset inside the TLS handshake is no answer of a server to a request', async () => {
    const ran = await script(`
      const { get } = await import('node:https');
      const server = net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
      show((await once(get({ port: await listen(server), host: '127.0.0.1' }), 'error'))[0]); server.close();`);
    expect(record(ran)).toMatchObject({
      cause: 'protocol-mismatch',
      phase: 'handshake',
      tls: true,
      tlsEstablished: false,
      bytesWritten: 0,
      retry: 'safe',
    });
  });

  it('an HTTP/2 session that is reset names the stream asked last', async () => {
    const ran = await script(`
      const http2 = await import('node:http2');
      const server = http2.createServer(); let raw;
      server.on('connection', (socket) => (raw = socket)).on('sessionError', () => {}).on('stream', () => raw.resetAndDestroy());
      const session = http2.connect('http://127.0.0.1:' + await listen(server));
      const stream = session.request({ ':path': '/h2?token=1' });
      session.on('error', () => {}); show((await once(stream, 'error'))[0]); server.close();`);
    expect(record(ran)).toMatchObject({
      protocol: 'h2',
      request: { method: 'GET', path: '/h2' },
      cause: 'linger-zero',
    });
  });

  it('a write after the FIN of the peer is EPIPE with the close seen before', async () => {
    const ran = await script(`
      const server = net.createServer({ allowHalfOpen: true });
      const client = net.connect({ port: await listen(server), host: '127.0.0.1', allowHalfOpen: true }).resume();
      const [peer] = await once(server, 'connection'); peer.destroy(); await once(client, 'end');
      client.on('error', show);
      const again = () => client.write('x', (error) => error ?? setImmediate(again)); again();
      await new Promise((done) => client.on('close', done)); server.close();`);
    expect(record(ran)).toMatchObject({ code: 'EPIPE', cause: 'data-after-close', finSeen: true });
  });

  it('each address of happy eyeballs carries the record', async () => {
    const ran = await script(`
      const server = net.createServer(); const port = await listen(server); server.close(); await once(server, 'close');
      const lookup = (name, options, done) => done(null, [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]);
      const [error] = await once(net.connect({ host: 'two.test', port, lookup, autoSelectFamily: true }), 'error');
      console.log(JSON.stringify([error, ...error.errors].map((one) => one.firsthand && one.firsthand.peer.address)));
      show(error);`);
    expect(ran.out).toMatch(/"127\.0\.0\.1"/);
    expect(record(ran)).toMatchObject({ cause: 'refused', peer: { host: 'two.test' } });
  });
});

describe('an error that wraps another', () => {
  it('carries the story of its cause: fetch, axios and any error with a cause', async () => {
    const { out, err } = await script(`
      const { default: axios } = await import('axios');
      const url = 'http://127.0.0.1:' + await listen(net.createServer((socket) => socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())).unref());
      for (const ask of [fetch, (to) => axios.get(to, { proxy: false })]) {
        const error = await ask(url).catch((one) => one);
        const outer = new Error('again', { cause: error });
        console.log(error.constructor.name, Object.hasOwn(error, 'firsthand'), Object.keys(error).includes('firsthand'), 'firsthand' in { ...error },
          error.firsthand.cause, error.firsthand === error.cause.firsthand, outer.firsthand === error.firsthand);
      }`);
    expect({ out, err }).toEqual({
      out: ['TypeError', 'AxiosError'].map((name) => `${name} false false false unread-data true true\n`).join(''),
      err: '',
    });
  });

  it('other errors have none, circles and hostile causes included; assigning makes an own property', async () => {
    const { out, err } = await script(`
      const circle = new Error('circle'); circle.cause = circle;
      const hostile = Object.defineProperty(new Error('hostile'), 'cause', { get() { throw new Error('no'); } });
      const proxy = new Proxy(new Error('proxy'), { get() { throw new Error('no'); } });
      console.log([new Error('plain'), circle, hostile, new Error('outer', { cause: proxy })].map((error) => error.firsthand));
      const own = new Error('own'); own.firsthand = 7; const seen = []; for (const key in new Error('x')) seen.push(key);
      console.log(own.firsthand, Object.keys(own), seen, Object.keys(Error.prototype));`);
    expect({ out, err }).toEqual({
      out: "[ undefined, undefined, undefined, undefined ]\n7 [ 'firsthand' ] [] []\n",
      err: '',
    });
  });
});

describe('what it leaves alone', () => {
  it('an error that nobody hears still ends the process, story included', async () => {
    const { code, err } = await script(`
      const server = net.createServer((socket) => socket.resetAndDestroy());
      net.connect(await listen(server), '127.0.0.1');`);
    expect(code).toBe(1);
    expect(err).toMatch(/ECONNRESET[\s\S]*firsthand: [\s\S]*Emitted 'error' event/);
  });

  it('the record is frozen and not enumerable, the stack grows once', async () => {
    const { out } = await script(`
      const server = net.createServer(); const port = await listen(server); server.close(); await once(server, 'close');
      const [error] = await once(net.connect(port, '127.0.0.1'), 'error');
      const again = net.connect(port, '127.0.0.1').on('error', () => {}); again.destroy(error); await new Promise((done) => again.on('close', done));
      const { firsthand } = error;
      console.log([firsthand, firsthand.peer, firsthand.group].every(Object.isFrozen), Object.keys(error).includes('firsthand'),
        error.stack.split('firsthand: ').length - 1, error.message);`);
    expect(out).toMatch(/^true false 1 connect ECONNREFUSED 127\.0\.0\.1:\d+\n$/);
  });

  it('frozen errors, foreign errors and errors with hostile properties pass as they are', async () => {
    const { out, code } = await script(`
      const errors = [Object.freeze(Object.assign(new Error('a'), { code: 'ECONNRESET' })), new Error('b'),
        Object.defineProperty(new Error('c'), 'code', { get() { throw new Error('hostile'); } })];
      for (const error of errors) {
        const socket = new net.Socket(); socket.on('error', (same) => console.log(same === error, Object.hasOwn(same, 'firsthand'), Object.isFrozen(same) && same.firsthand.code)); socket.destroy(error);
        await new Promise((done) => socket.on('close', done));
      }`);
    expect({ out, code }).toEqual({ code: 0, out: `true false ECONNRESET\n${'true false false\n'.repeat(2)}` });
  });

  it('no error of a program, however hostile, makes it throw or stop telling', async () => {
    // Node itself reads some of these, and throws; it must be the same with and without.
    const code = `
      const bad = () => { throw new Error('hostile'); };
      const TRAPS = ['get', 'set', 'has', 'ownKeys', 'getPrototypeOf', 'defineProperty', 'getOwnPropertyDescriptor', 'isExtensible'];
      const VALUES = [undefined, null, 7, 10n, Symbol('x'), '', '\\u001b[2J', {}, [], Object.create(null), { toString: bad }, 'x'.repeat(1e6)];
      const CODES = ['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'];
      const made = () => Object.assign(new Error('made'), { code: 'ECONNRESET' });
      const errors = [
        ...TRAPS.map((trap) => new Proxy(made(), { [trap]: bad })),
        ...['code', 'stack', 'message', 'syscall', 'name', 'cause', 'address', 'port', 'firsthand', 'errors'].flatMap((key) => [
          Object.defineProperty(made(), key, { get: bad, set: bad }), Object.defineProperty(made(), key, { value: 7, writable: false }),
          ...VALUES.map((value) => Object.defineProperty(made(), key, { value, writable: true, configurable: true }))]),
        ...CODES.map((code) => Object.assign(new Error(code), { code })), Object.seal(made()), Object.preventExtensions(made()),
        Object.assign(new AggregateError([made(), null, 7, Object.freeze(made()), new Proxy(made(), { get: bad })]), { code: 'ECONNREFUSED' }),
        Object.setPrototypeOf(made(), null), Object.create(Error.prototype),
      ];
      errors.push(errors[0], errors.at(-5));
      for (const error of errors) {
        const socket = new net.Socket().on('error', (same) => console.log('heard', same === error));
        const closed = new Promise((done) => socket.once('close', done));
        try {
          socket.destroy(error);
          await closed;
        } catch (thrown) {
          console.log('threw', thrown.message);
        }
      }
      const server = net.createServer(); const port = await listen(server); server.close(); await once(server, 'close');
      const [last] = await once(net.connect(port, '127.0.0.1'), 'error');
      console.error(last.firsthand?.cause);`;
    const [without, withRegister] = [await node(['--input-type=module', '-e', IMPORTS + code]), await script(code)];
    expect(without).toMatchObject({ code: 0, err: 'undefined\n' });
    expect(without.out.match(/heard true/g)!.length).toBeGreaterThan(120);
    expect(withRegister).toEqual({ ...without, err: 'refused\n' });
  });

  it('no signal handler, exit listener or warning without being asked', async () => {
    const { out, err } = await script(
      `console.log(process.eventNames().filter((name) => /SIG|exit|warning|uncaught/.test(String(name))).join());`,
    );
    const plain = await node([
      '--input-type=module',
      '-e',
      `console.log(process.eventNames().filter((name) => /SIG|exit|warning|uncaught/.test(String(name))).join());`,
    ]);
    expect({ out, err }).toEqual({ out: plain.out, err: '' });
  });
});

describe('for machines', () => {
  it('FIRSTHAND_REPORT appends one whole line for each failure', async () => {
    const file = join(await scratch(), 'report.ndjson');
    for (const fault of ['refused', 'abort']) await registered([APP, 'undici', fault], { FIRSTHAND_REPORT: file });
    const text = await readFile(file, 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    const causes = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as FirsthandRecord).cause);
    expect(causes).toEqual(['refused', 'unread-data']);
  });

  it('a report that cannot be written warns once and changes nothing else', async () => {
    const ran = await registered([APP, 'http', 'abort'], { FIRSTHAND_REPORT: '/nonexistent/report.ndjson' });
    expect(record(ran).cause).toBe('unread-data');
    expect(ran.code).toBe(0);
    expect(ran.err.match(/FIRSTHAND_REPORT/g)).toHaveLength(1);
  });

  it('FIRSTHAND_SUMMARY=exit prints what was seen at exit', async () => {
    const { err } = await registered([APP, 'http', 'refused'], { FIRSTHAND_SUMMARY: 'exit' });
    expect(err).toMatch(/firsthand: 1 failed connection\n +1 {2}refused, ECONNREFUSED, 127\.0\.0\.1 port \d+\n$/);
  });

  it('FIRSTHAND_SUMMARY=1 prints it on SIGUSR2 and lets the process go on', async () => {
    const app = start(
      NODE,
      ['--import', 'firsthand/register', '-e', `process.stdin.resume().on('end', () => {}); console.log('ready');`],
      { cwd: ROOT, env: { ...ENV, FIRSTHAND_SUMMARY: '1' } },
    );
    await app.line('stdout', /ready/);
    app.child.kill('SIGUSR2');
    expect(await app.line('stderr', /firsthand/)).toBe('firsthand: no failed connections');
    app.child.stdin!.end();
    expect((await app.ended).code).toBe(0);
  });
});
