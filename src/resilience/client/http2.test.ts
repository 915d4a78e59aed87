import { once } from 'node:events';
import { constants, createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { afterEach, expect, it } from 'vitest';

import { createClient } from './create-client.ts';
import type { Client } from './create-client.ts';
import { certificate } from './testing/certificate.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function start(answer: (n: number, stream: ServerHttp2Stream) => void): Promise<{
  url: string;
  client: Client;
  count: () => number;
}> {
  const server: Http2SecureServer = createSecureServer(certificate());
  let n = 0;
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    answer(++n, stream);
  });
  server.on('session', (session) => {
    session.on('error', () => {});
    undo.push(() => session.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
  const client = createClient({ dispatcher, idempotency: false, retry: { minDelayMs: 1 } });
  undo.push(
    () => server.close(),
    () => client.destroy(),
  );
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, client, count: () => n };
}

async function post(client: Client, origin: string, method = 'POST'): Promise<string> {
  const body = method === 'GET' ? null : 'work';
  const answer = await client.dispatcher.request({ origin, path: '/', method, body });
  return answer.body.text();
}

function respond(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200 });
  stream.end('done');
}

it('a stream that the server refused is sent again, whatever the method', async () => {
  const { url, client, count } = await start((n, stream) => {
    if (n === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else respond(stream);
  });
  expect(await post(client, url)).toBe('done');
  expect(count()).toBe(2);
});

it('a POST on a session that dies is executed once, a GET is sent again', async () => {
  const { url, client, count } = await start((n, stream) => {
    if (n <= 2) stream.session!.destroy(undefined, constants.NGHTTP2_INTERNAL_ERROR);
    else respond(stream);
  });
  await expect(post(client, url)).rejects.toMatchObject({ code: 'ERR_FIRSTHAND_MAYBE_EXECUTED' });
  expect(count()).toBe(1);
  expect(await post(client, url, 'GET')).toBe('done');
  expect(count()).toBe(3);
});

it('a GET survives a GOAWAY', async () => {
  const { url, client, count } = await start((n, stream) => {
    if (n === 1) stream.session!.goaway(constants.NGHTTP2_NO_ERROR, 0);
    else respond(stream);
  });
  expect(await post(client, url, 'GET')).toBe('done');
  expect(count()).toBe(2);
});

it('a quiet session is kept awake with PING', async () => {
  const server: Http2SecureServer = createSecureServer(certificate());
  const pinged = new Promise<number>((resolve) => {
    server.on('session', (session) => session.on('ping', (payload) => resolve(payload.length)));
  });
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('done');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dispatcher = new Agent({ allowH2: true, pingInterval: 20, connect: { rejectUnauthorized: false } });
  const client = createClient({ dispatcher });
  undo.push(
    () => server.close(),
    () => client.destroy(),
  );
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await post(client, url)).toBe('done');
  // RFC 9113 §6.7: eight bytes.
  expect(await pinged).toBe(8);
  expect(await post(client, url)).toBe('done');
});
