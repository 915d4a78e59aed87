import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type ServerHttp2Stream } from 'node:http2';
import https from 'node:https';
import net, { type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { drain } from './drain.ts';
import { CERT, KEY } from './testing/certificate.ts';
import { ask, listen } from './testing/listen.ts';

const QUICK = { signals: false, propagationDelayMs: 0, idleGraceMs: 20, deadlineMs: 20_000 } as const;

describe('drain of an HTTP/2 server', () => {
  it.each(['cleartext', 'TLS'])('sends clients away and answers what they asked before (%s)', async (kind) => {
    const secure = kind === 'TLS';
    const server = secure ? http2.createSecureServer({ key: KEY, cert: CERT }) : http2.createServer();
    const streams: ServerHttp2Stream[] = [];
    server.on('stream', (stream: ServerHttp2Stream) => {
      stream.respond({ ':status': 200 });
      streams.push(stream);
      server.emit('asked');
    });
    const stop = drain(server, QUICK);
    const port = await listen(server);
    const client = session(port, secure);
    const goaways: [number, number][] = [];
    client.on('goaway', (code, last) => goaways.push([code, last]));
    const asked = once(server, 'asked');
    const first = client.request({ ':path': '/first' });
    await asked;
    const report = stop.start();
    await once(client, 'goaway');
    streams[0]!.end('answered');
    expect(await bodyOf(first)).toBe('answered');
    await once(client, 'close');
    expect(await report).toMatchObject({ finished: 1, cut: [] });
    expect(goaways[0]).toEqual([0, 2 ** 31 - 1]);
  });

  it('answers a stream that crossed the first GOAWAY, and names it in the second', async () => {
    const server = http2.createServer((request, response) => response.end(`got ${request.url}`));
    server.on('session', (one) => one.once('localSettings', () => server.emit('settled')));
    const stop = drain(server, QUICK);
    const port = await listen(server);
    const { socket, frame } = framesFrom(port);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(frameOf(SETTINGS, 0, 0, []));
    await frame(SETTINGS);
    const settled = once(server, 'settled');
    socket.write(frameOf(SETTINGS, ACK, 0, []));
    await settled;
    const report = stop.start();
    const notice = await frame(GOAWAY);
    expect([...notice]).toEqual([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    const ping = await frame(PING);
    // GET http://a/ by the static table of RFC 7541: sent before the answer to the PING, so before it knew.
    socket.write(frameOf(HEADERS, END_STREAM | END_HEADERS, 1, [0x82, 0x86, 0x84, 0x41, 1, 0x61]));
    socket.write(frameOf(PING, ACK, 0, [...ping]));
    expect((await frame(DATA)).toString()).toBe('got /');
    expect([...(await frame(GOAWAY))]).toEqual([0, 0, 0, 1, 0, 0, 0, 0]);
    await once(socket, 'end');
    socket.end();
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('serves sessions that arrive during the propagation delay, then sends them away', async () => {
    const server = http2.createServer((_request, response) => response.end('served'));
    const stop = drain(server, { ...QUICK, propagationDelayMs: 300 });
    const port = await listen(server);
    const report = stop.start();
    const client = session(port, false);
    await once(client, 'connect');
    const gone = once(client, 'goaway');
    expect(await bodyOf(client.request({ ':path': '/' }))).toBe('served');
    await gone;
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('ends sessions that ask for nothing', async () => {
    const server = http2.createServer();
    const stop = drain(server, QUICK);
    const client = session(await listen(server), false);
    await once(server, 'session');
    const report = stop.start();
    await once(client, 'close');
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('cuts what is open at the deadline, an entry for each stream', async () => {
    const server = http2.createServer();
    let asked = 0;
    server.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => {});
      if ((asked += 1) === 2) server.emit('both');
    });
    const stop = drain(server, { ...QUICK, deadlineMs: 150 });
    const client = session(await listen(server), false);
    client.on('error', () => {});
    const both = once(server, 'both');
    const streams = ['/a?x=1', '/b'].map((path) => client.request({ ':path': path }).on('error', () => {}));
    await both;
    const { cut } = await stop.start();
    expect(cut.map(({ request }) => request)).toEqual(['GET /a', 'GET /b']);
    expect(new Set(cut.map(({ remote }) => remote)).size).toBe(1);
    for (const stream of streams) stream.destroy();
    client.destroy();
  });

  it('says Connection: close to the HTTP/1 clients of such a server', async () => {
    const server = http2.createSecureServer({ key: KEY, cert: CERT, allowHTTP1: true }, (request, response) => {
      response.end(request.httpVersion);
    });
    const stop = drain(server, { ...QUICK, propagationDelayMs: 200 });
    const port = await listen(server);
    const report = stop.start();
    const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
    const { body, headers } = await ask(port, { agent, protocol: 'https:' });
    expect([body, headers.connection]).toEqual(['1.1', 'close']);
    expect(await report).toMatchObject({ finished: 1, cut: [] });
    agent.destroy();
  });
});

describe('drain of an HTTPS server', () => {
  it('answers the request in flight and half-closes the idle', async () => {
    const server = https.createServer({ key: KEY, cert: CERT }, (request, response) => {
      if (request.url === '/slow') server.emit('held', response);
      else response.end('quick');
    });
    const stop = drain(server, QUICK);
    const port = await listen(server);
    const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
    const held = once(server, 'held');
    const slow = ask(port, { agent, path: '/slow', protocol: 'https:' });
    expect((await ask(port, { agent, protocol: 'https:' })).headers.connection).toBe('keep-alive');
    const [response] = await held;
    const report = stop.start();
    response.end('done');
    expect(await slow).toMatchObject({ body: 'done', headers: { connection: 'close' } });
    expect(await report).toMatchObject({ finished: 2, cut: [] });
    agent.destroy();
  });
});

function session(port: number, secure: boolean): ClientHttp2Session {
  return http2.connect(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
}

async function bodyOf(stream: ClientHttp2Stream): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}

const [DATA, HEADERS, SETTINGS, PING, GOAWAY] = [0, 1, 4, 6, 7];
const [ACK, END_STREAM, END_HEADERS] = [1, 1, 4];

/** A frame of RFC 9113 §4.1. */
function frameOf(type: number, flags: number, stream: number, payload: readonly number[]): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** A connection whose frames are awaited by type, each once, empty ones left out. */
function framesFrom(port: number): { socket: Socket; frame: (type: number) => Promise<Buffer> } {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const seen: { type: number; payload: Buffer }[] = [];
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (
      let end: number;
      rest.length >= 9 && rest.length >= (end = 9 + rest.readUIntBE(0, 3));
      rest = rest.subarray(end)
    )
      seen.push({ type: rest.readUInt8(3), payload: rest.subarray(9, end) });
    socket.emit('frames');
  });
  return { socket, frame };

  async function frame(type: number): Promise<Buffer> {
    for (;;) {
      const at = seen.findIndex((one) => one.type === type && (type === SETTINGS || one.payload.length > 0));
      if (at !== -1) return seen.splice(at, 1)[0]!.payload;
      await once(socket, 'frames');
    }
  }
}
