import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { drain } from './drain.ts';
import { lingering } from './lingering.ts';
import { CERT, KEY } from './testing/certificate.ts';
import { listen } from './testing/listen.ts';

const BODY_BYTES = 24 * 2 ** 20;
const servers: http.Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('lingering close', () => {
  it('without it, a client that sends its whole body before it reads gets a reset instead of the answer', async () => {
    const port = await refusing(http.createServer(refuse));
    const { failure, text } = await upload(port);
    expect(failure).toMatch(/^(ECONNRESET|EPIPE)$/);
    expect(text).toBe('');
  });

  it.each(['lingering', 'drain, serving', 'drain, draining'])('with %s it gets the answer', async (kind) => {
    const server = http.createServer(refuse);
    if (kind === 'lingering') lingering(server);
    const stop = kind === 'lingering' ? null : drain(server, { signals: false, propagationDelayMs: 50 });
    const port = await refusing(server);
    const report = kind === 'drain, draining' ? stop!.start() : null;
    const { failure, text } = await upload(port);
    expect(failure).toBeNull();
    expect(text).toMatch(/^HTTP\/1.1 413 [^]*too large/);
    if (report !== null) expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('gives the answer to a client of node:http, which stops writing at a FIN', async () => {
    const server = http.createServer(refuse);
    lingering(server);
    const port = await refusing(server);
    const request = http.request({ port, host: '127.0.0.1', method: 'POST' });
    const errors: Error[] = [];
    request.on('error', (error) => errors.push(error));
    request.flushHeaders();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    // The answer lies there; the body goes on, as it does when its source is a file.
    for (let sent = 0; sent < BODY_BYTES; sent += CHUNK.length)
      await new Promise<void>((resolve) => void request.write(CHUNK, () => resolve()));
    request.end();
    let text = '';
    for await (const chunk of response) text += chunk;
    expect({ status: response.statusCode, text, errors }).toEqual({ status: 413, text: 'too large', errors: [] });
  });

  it('works over TLS', async () => {
    const server = https.createServer({ key: KEY, cert: CERT }, refuse);
    lingering(server);
    const port = await refusing(server);
    const { failure, text } = await upload(port, tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }));
    expect(failure).toBeNull();
    expect(text).toMatch(/^HTTP\/1.1 413 /);
  });

  it('reads on when the handler has left the body half read', async () => {
    const server = http.createServer((request, response) => {
      request.once('data', () => {
        request.pause();
        refuse(request, response);
      });
    });
    lingering(server);
    const { failure, text } = await upload(await refusing(server));
    expect(failure).toBeNull();
    expect(text).toMatch(/^HTTP\/1.1 413 /);
  });

  it('ends after maxBytes', async () => {
    const server = http.createServer(refuse);
    lingering(server, { maxBytes: 2 ** 20 });
    const { failure, sentBytes } = await upload(await refusing(server));
    expect(failure).toMatch(/^(ECONNRESET|EPIPE)$/);
    expect(sentBytes).toBeLessThan(BODY_BYTES);
  });

  it('ends after deadlineMs when the client neither sends nor leaves', async () => {
    const server = http.createServer(refuse);
    lingering(server, { deadlineMs: 30 });
    const port = await refusing(server);
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123');
    socket.resume();
    await once(socket, 'end');
    socket.destroy();
  });

  it('ends a close-delimited answer at once, so that an old client sees its end', async () => {
    const server = http.createServer((request, response) => {
      response.shouldKeepAlive = false;
      response.removeHeader('transfer-encoding');
      response.removeHeader('content-length');
      refuse(request, response);
    });
    lingering(server);
    const port = await refusing(server);
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('POST / HTTP/1.0\r\nContent-Length: 10\r\n\r\n123');
    socket.resume();
    await once(socket, 'end');
    socket.end('4567890');
    const [failed] = (await once(socket, 'close')) as [boolean];
    expect(failed).toBe(false);
  });

  it('changes nothing after dispose()', async () => {
    const server = http.createServer(refuse);
    lingering(server).dispose();
    const { failure } = await upload(await refusing(server));
    expect(failure).toMatch(/^(ECONNRESET|EPIPE)$/);
  });
});

const CHUNK = Buffer.alloc(64 * 1024);

const refuse: RequestListener = (_request, response) => {
  response.writeHead(413, { Connection: 'close' }).end('too large');
};

async function refusing(server: http.Server): Promise<number> {
  servers.push(server);
  return listen(server);
}

interface Upload {
  /** The code of the error that ended the upload. */
  readonly failure: string | null;
  readonly text: string;
  readonly sentBytes: number;
}

/** Sends all of a large body, then reads: as simple clients do. */
async function upload(port: number, socket: Socket = net.connect({ port, host: '127.0.0.1' })): Promise<Upload> {
  let sentBytes = 0;
  const failed = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  socket.pause();
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
  const sending = async (): Promise<null> => {
    for (; sentBytes < BODY_BYTES; sentBytes += CHUNK.length)
      await new Promise<void>((resolve) => void socket.write(CHUNK, () => resolve()));
    return null;
  };
  const failure = await Promise.race([failed, sending()]);
  if (failure !== null) return { failure, text: '', sentBytes };
  let text = '';
  socket
    .setEncoding('utf8')
    .on('data', (chunk) => (text += chunk))
    .resume();
  const late = await Promise.race([failed, once(socket, 'end').then(() => null)]);
  return { failure: late, text, sentBytes };
}
