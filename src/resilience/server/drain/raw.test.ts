import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { drain } from './drain.ts';
import { CERT, KEY } from './testing/certificate.ts';
import { connect, listen } from './testing/listen.ts';

const QUICK = { signals: false, propagationDelayMs: 0, idleGraceMs: 20, deadlineMs: 20_000 } as const;

describe('drain of a raw TCP server', () => {
  it('half-closes at the end of the grace and reads what the peer still sends', async () => {
    const taken: Buffer[] = [];
    const server = net.createServer((socket) => socket.on('data', (chunk) => taken.push(chunk)));
    const stop = drain(server, QUICK);
    const client = await connect(await listen(server));
    const report = stop.start();
    expect(await client.end).toBe('end');
    client.socket.end('last words');
    expect(await report).toMatchObject({ finished: 1, cut: [] });
    expect(Buffer.concat(taken).toString()).toBe('last words');
  });

  it('accepts and serves during the propagation delay', async () => {
    const server = net.createServer((socket) => socket.pipe(socket));
    const stop = drain(server, { ...QUICK, propagationDelayMs: 300 });
    const port = await listen(server);
    const report = stop.start();
    const client = await connect(port);
    client.socket.write('echo');
    await client.until(/echo/);
    client.socket.end();
    expect(await report).toMatchObject({ finished: 1, cut: [] });
    await expect(connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('notices the end of peers nobody reads from', async () => {
    const server = net.createServer();
    const stop = drain(server, QUICK);
    const client = await connect(await listen(server));
    const report = stop.start();
    expect(await client.end).toBe('end');
    client.socket.end(Buffer.alloc(100_000));
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('survives an application that writes after the half-close', async () => {
    const server = net.createServer((socket) => socket.on('data', (chunk) => socket.write(chunk)));
    const stop = drain(server, QUICK);
    const client = await connect(await listen(server));
    const report = stop.start();
    expect(await client.end).toBe('end');
    client.socket.end('answer me');
    expect((await report).finished).toBe(1);
  });

  it('cuts at the deadline, with a reset where bytes are still unsent', async () => {
    const sockets: Socket[] = [];
    const server = net.createServer((socket) => sockets.push(socket));
    const stop = drain(server, { ...QUICK, deadlineMs: 100 });
    const port = await listen(server);
    const accepted = once(server, 'connection');
    const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await accepted;
    sockets[0]!.on('error', () => {}).write(Buffer.alloc(32 * 2 ** 20));
    const remote = `127.0.0.1:${client.localPort}`;
    expect(await stop.start()).toMatchObject({ finished: 0, cut: [{ remote }] });
    // Reading would not tell: libuv takes the reset behind unread bytes for an end (POLLHUP in src/unix/stream.c).
    client.on('error', () => {});
    const refused = await new Promise<NodeJS.ErrnoException | null | undefined>((done) => void client.write('x', done));
    expect(refused?.code).toMatch(/^(ECONNRESET|EPIPE)$/);
  });

  it.each(['TCP', 'TLS'])('lets who talks finish, however short the grace (%s)', async (kind) => {
    const secure = kind === 'TLS';
    const server = secure ? tls.createServer({ key: KEY, cert: CERT }, talk) : net.createServer(talk);
    const stop = drain(server, { ...QUICK, idleGraceMs: 150 });
    const port = await listen(server);
    const to = { port, host: '127.0.0.1' };
    const client = secure ? tls.connect({ ...to, rejectUnauthorized: false }) : net.connect(to);
    const begun = once(client, 'data');
    let text = '';
    client.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await begun;
    expect(await stop.start()).toMatchObject({ finished: 1, cut: [] });
    expect(text).toBe(`${'line\n'.repeat(30)}END`);
  });

  it('cuts who still talks at the deadline, and says so', async () => {
    let talking: NodeJS.Timeout;
    const server = net.createServer((socket) => {
      talking = setInterval(() => socket.write('line\n'), 10);
      socket.on('close', () => clearInterval(talking));
    });
    const stop = drain(server, { ...QUICK, idleGraceMs: 100, deadlineMs: 400 });
    const client = await connect(await listen(server));
    await client.until(/line/);
    const remote = `127.0.0.1:${client.socket.localPort}`;
    expect(await stop.start()).toMatchObject({ finished: 0, cut: [{ remote }] });
    client.socket.destroy();
  });

  it('drains TLS, connections in their handshake included', async () => {
    const server = tls.createServer({ key: KEY, cert: CERT }, (socket) => socket.resume());
    const stop = drain(server, { ...QUICK, deadlineMs: 300 });
    const port = await listen(server);
    const silent = await connect(port);
    const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    client.resume();
    await once(server, 'secureConnection');
    const report = stop.start();
    await once(client, 'end');
    expect(await report).toMatchObject({ finished: 1, cut: [{ remote: `127.0.0.1:${silent.socket.localPort}` }] });
    silent.socket.destroy();
  });

  it('drains a Unix socket', async () => {
    const server = net.createServer((socket) => socket.resume());
    const path = `/tmp/firsthand-drain-${process.pid}.sock`;
    const stop = drain(server, { ...QUICK, deadlineMs: 100 });
    server.listen(path);
    await once(server, 'listening');
    const client = net.connect({ path, allowHalfOpen: true });
    await once(server, 'connection');
    expect(await stop.start()).toMatchObject({ finished: 0, cut: [{ remote: 'unix socket' }] });
    client.destroy();
  });
});

/** Says 30 lines, one every 10 ms, and leaves. */
function talk(socket: Socket): void {
  let said = 0;
  const talking = setInterval(() => {
    said += 1;
    if (said <= 30) return void socket.write('line\n');
    clearInterval(talking);
    socket.end('END');
  }, 10);
}
