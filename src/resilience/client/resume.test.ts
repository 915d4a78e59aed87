import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';

import { type Client, createClient } from './create-client.ts';
import { cannotResume, checkRest } from './resume.ts';
import { type Origin, reset, startOrigin } from './testing/origin.ts';

const FILE = randomBytes(400_000);
const CUT_AT = 150_000;
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

type Rest = (request: IncomingMessage, response: ServerResponse, from: number) => void;

interface Cut {
  readonly origin: Origin;
  readonly client: Client;
  /** Reads a body to the end; the first answer is reset when its first part has been read. */
  read(body: AsyncIterable<Uint8Array> | null): Promise<Buffer>;
}

/** The first answer stops after `CUT_AT` bytes; `rest` makes the later ones. */
async function start(head: Record<string, string>, rest: Rest, kind = 'http'): Promise<Cut> {
  let cut: (() => void) | null = null;
  const origin = await startOrigin(
    (n, request, response) => {
      if (n > 1)
        return rest(request, response, Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN));
      const { 'content-length': length = String(FILE.length), ...more } = head;
      response.writeHead(200, length === '' ? more : { 'content-length': length, ...more });
      response.write(FILE.subarray(0, CUT_AT));
      cut = () => reset(request);
    },
    { tls: kind === 'https' },
  );
  const client = createClient({
    dispatcher: new Agent({ connect: { rejectUnauthorized: false } }),
    retry: { minDelayMs: 1 },
  });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  const read = async (body: AsyncIterable<Uint8Array> | null): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    let readBytes = 0;
    for await (const chunk of body ?? []) {
      parts.push(chunk);
      readBytes += chunk.length;
      if (readBytes === CUT_AT) cut?.();
    }
    return Buffer.concat(parts);
  };
  return { origin, client, read };
}

async function download({ origin, client, read }: Cut, method = 'GET'): Promise<Buffer> {
  const { body } = await client.dispatcher.request({ origin: origin.url, path: '/', method });
  return read(body);
}

const part: Rest = (_request, response, from) =>
  void response
    .writeHead(206, {
      etag: '"v1"',
      'content-range': `bytes ${from}-${FILE.length - 1}/${FILE.length}`,
      'content-length': FILE.length - from,
    })
    .end(FILE.subarray(from));

const changed: Rest = (_request, response) => void response.writeHead(200, { etag: '"v2"' }).end('something else');

describe.each(['http', 'https'])('a response over %s that is cut in the middle', (kind) => {
  it('is completed by Range and If-Range', async () => {
    const cut = await start({ etag: '"v1"' }, part, kind);
    expect((await download(cut)).equals(FILE)).toBe(true);
    expect(cut.origin.seen[1]!.headers).toMatchObject({ 'if-range': '"v1"', range: `bytes=${CUT_AT}-` });
  });

  it('is completed through fetch as well', async () => {
    const { origin, client, read } = await start({ etag: '"v1"' }, part, kind);
    const answer = await client.fetch(origin.url);
    expect((await read(answer.body as AsyncIterable<Uint8Array> | null)).equals(FILE)).toBe(true);
    expect(origin.seen).toHaveLength(2);
  });

  it('is completed when the second answer is cut too', async () => {
    let cuts = 0;
    const again: Rest = (request, response, from) => {
      if (cuts++ > 0) return part(request, response, from);
      response.writeHead(206, {
        etag: '"v1"',
        'content-range': `bytes ${from}-${FILE.length - 1}/${FILE.length}`,
        'content-length': FILE.length - from,
      });
      response.write(FILE.subarray(from, from + 70_000), () => request.socket.end());
    };
    const cut = await start({ etag: '"v1"' }, again, kind);
    expect((await download(cut)).equals(FILE)).toBe(true);
    expect(cut.origin.seen).toHaveLength(3);
  });

  it('is completed by skipping what came when the server sends the same whole again', async () => {
    const whole: Rest = (_request, response) =>
      void response.writeHead(200, { etag: '"v1"', 'content-length': FILE.length }).end(FILE);
    expect((await download(await start({ etag: '"v1"' }, whole, kind))).equals(FILE)).toBe(true);
  });

  it.each([
    ['the resource changed', { etag: '"v1"' }, 'the resource changed'],
    ['no ETag', {}, 'no ETag'],
    ['a weak ETag', { etag: 'W/"v1"' }, 'weak ETag'],
    ['no ranges', { etag: '"v1"', 'accept-ranges': 'none' }, 'accepts no ranges'],
  ])('fails with the reason: %s', async (_name, head, why) => {
    await expect(download(await start(head as Record<string, string>, changed, kind))).rejects.toMatchObject({
      code: 'ERR_FIRSTHAND_RESPONSE_TRUNCATED',
      message: expect.stringContaining(why) as string,
    });
  });

  it.each([
    [
      'a part that ends before the length it named',
      (_request: IncomingMessage, response: ServerResponse, from: number) =>
        void response
          .writeHead(206, { etag: '"v1"', 'content-range': `bytes ${from}-${FILE.length - 1}/${FILE.length}` })
          .end(FILE.subarray(from, from + 10)),
    ],
    [
      'a whole that is shorter than what came',
      (_request: IncomingMessage, response: ServerResponse) =>
        void response.writeHead(200, { etag: '"v1"' }).end(FILE.subarray(0, 1000)),
    ],
    [
      'a whole in another coding',
      (_request: IncomingMessage, response: ServerResponse) =>
        void response.writeHead(200, { etag: '"v1"', 'content-encoding': 'br' }).end(FILE),
    ],
  ])('of unknown length is not completed by %s', async (_name, rest) => {
    const head = { etag: '"v1"', 'content-length': '' };
    await expect(download(await start(head, rest, kind))).rejects.toMatchObject({
      code: 'ERR_FIRSTHAND_RESPONSE_TRUNCATED',
    });
  });

  it('is not asked for again when it answers a POST', async () => {
    const cut = await start({ etag: '"v1"' }, part, kind);
    await expect(download(cut, 'POST')).rejects.toMatchObject({
      code: 'ERR_FIRSTHAND_RESPONSE_TRUNCATED',
      message: expect.stringContaining('the answer to POST cannot be fetched in parts') as string,
    });
    expect(cut.origin.seen).toHaveLength(1);
  });
});

const answer = (range: string, etag = '"v1"'): string[] => ['ETag', etag, 'Content-Range', range];

const whole = (length: number, more: string[] = []): string[] => [
  'ETag',
  '"v1"',
  'Content-Length',
  `${length}`,
  ...more,
];

describe('what must hold for the rest', () => {
  const checkpoint = { etag: '"v1"', lengthBytes: 100, encoding: '' };
  it.each([
    [206, answer('bytes 40-99/100'), 0],
    [206, answer('bytes 40-99/*'), 0],
    [200, answer(''), 40],
    [200, whole(100, ['Content-Encoding', 'identity']), 40],
  ])('%s %j is taken', (status, headers, skipBytes) =>
    expect(checkRest(checkpoint, 40, status, headers)).toEqual({ skipBytes, lengthBytes: 100 }),
  );
  it.each([
    [206, answer('bytes 41-99/100')],
    [206, answer('bytes 40-98/100')],
    [206, answer('bytes 40-99/101')],
    [206, answer('nonsense')],
    [206, answer('bytes 40-99/100', '"v2"')],
    [206, ['Content-Range', 'bytes 40-99/100']],
    [206, [...answer('bytes 40-99/100'), 'Content-Encoding', 'gzip']],
    [200, whole(101)],
    [200, whole(100, ['Content-Encoding', 'br'])],
    [416, answer('bytes */100')],
  ])('%s %j is refused', (status, headers) =>
    expect(checkRest(checkpoint, 40, status, headers)).toEqual(expect.any(String)),
  );
  it('a later answer may say the length that the first did not', () => {
    const unknown = { ...checkpoint, lengthBytes: null };
    expect(checkRest(unknown, 40, 206, answer('bytes 40-99/100'))).toEqual({ skipBytes: 0, lengthBytes: 100 });
    expect(checkRest(unknown, 40, 200, whole(100))).toEqual({ skipBytes: 40, lengthBytes: 100 });
    expect(checkRest(unknown, 40, 200, whole(39))).toEqual(expect.any(String));
  });
  it('the answer to a request for a range is left alone', () => {
    expect(cannotResume('GET', 200, ['etag', '"v1"'], true)).toEqual(expect.any(String));
    expect(cannotResume('GET', 200, ['etag', '"v1"'], false)).toBeNull();
  });
});
