/** `handler()` under https and under http2's compatibility API. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Idempotency, idempotency } from '../idempotency.ts';
import { memoryStore } from '../stores/memory.ts';
import { temporaryDirectory } from '../testing/daemon.ts';

const directory = temporaryDirectory('secure');
let tls: { key: Buffer; cert: Buffer };

beforeAll(() => {
  const [key, cert] = [`${directory}/key.pem`, `${directory}/cert.pem`];
  const options = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', [...options, '-days', '1', '-subj', '/CN=localhost', '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  tls = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
});

afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

interface Answer {
  readonly status: number;
  readonly replayed: string | undefined;
  readonly made: string | undefined;
  readonly body: string;
}

type Send = (key: string | null, body: string) => Promise<Answer>;

async function startHttps(listener: RequestListener): Promise<Send> {
  const server = https.createServer(tls, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async (key, body) => {
    const headers = key === null ? {} : { 'idempotency-key': key };
    const request = https.request({ port, host: '127.0.0.1', method: 'POST', headers, rejectUnauthorized: false });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const { 'idempotent-replayed': replayed, 'x-made': made } = response.headers;
    return {
      status: response.statusCode!,
      replayed: replayed as string | undefined,
      made: made as string | undefined,
      body: await textOf(response),
    };
  };
}

async function startHttp2(listener: RequestListener): Promise<Send> {
  const server = http2.createSecureServer(tls, listener as unknown as Parameters<typeof http2.createSecureServer>[1]);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  return async (key, body) => {
    const headers = key === null ? {} : { 'idempotency-key': key };
    const stream = session.request({ ':method': 'POST', ':path': '/', ...headers });
    stream.end(body);
    const [said] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
    return {
      status: said[':status']!,
      replayed: said['idempotent-replayed'] as string | undefined,
      made: said['x-made'] as string | undefined,
      body: await textOf(stream),
    };
  };
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function make(): Idempotency {
  return idempotency({ store: memoryStore(), required: true, maxRequestBytes: 500_000 });
}

test.each([
  ['https', startHttps],
  ['http2', startHttp2],
] as const)('%s: a retry is answered with the first answer, another request refused', async (_name, start) => {
  let runs = 0;
  const send = await start(
    make().handler(async (request, response) => {
      const body = await textOf(request);
      response.writeHead(201, { 'x-made': 'yes', 'content-type': 'text/plain' });
      response.write(`${++runs} `);
      response.end(String(body.length));
    }),
  );
  const body = 'x'.repeat(200_000);
  expect(await send('"k"', body)).toEqual({ status: 201, replayed: undefined, made: 'yes', body: '1 200000' });
  expect(await send('"k"', body)).toEqual({ status: 201, replayed: 'true', made: 'yes', body: '1 200000' });
  expect((await send('"k"', 'other')).status).toBe(422);
  expect((await send(null, body)).status).toBe(400);
  expect((await send('"l"', '')).body).toBe('2 0');
  expect(runs).toBe(2);
});

test.each([
  ['https', startHttps],
  ['http2', startHttp2],
] as const)('%s: an answer without a body, and a listener that throws', async (_name, start) => {
  const i = idempotency({ store: memoryStore(), onError: () => {} });
  const send = await start(
    i.handler(async (request, response) => {
      if ((await textOf(request)) === 'throw') throw new Error('on purpose');
      response.statusCode = 204;
      response.end();
    }),
  );
  for (const replayed of [undefined, 'true']) expect(await send('"a"', 'x')).toMatchObject({ status: 204, replayed });
  for (const replayed of [undefined, 'true'])
    expect(await send('"b"', 'throw')).toMatchObject({ status: 500, replayed });
});
