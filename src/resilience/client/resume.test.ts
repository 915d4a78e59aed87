import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';

import { type Client, createClient } from './create-client.ts';
import { cannotResume, checkRest } from './resume.ts';
import { type Origin, startOrigin } from './testing/origin.ts';

const FILE = randomBytes(400_000);
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

type Rest = (request: IncomingMessage, response: ServerResponse, from: number) => void;

/** The first answer is cut after `cutAt` bytes; `rest` makes the later ones. */
async function start(
  head: Record<string, string>,
  rest: Rest,
  cutAt = 150_000,
): Promise<{ origin: Origin; client: Client }> {
  const origin = await startOrigin((n, request, response) => {
    if (n === 1) {
      response.writeHead(200, { 'content-length': String(FILE.length), ...head });
      response.write(FILE.subarray(0, cutAt), () => {
        // The client has read the part before the reset takes the rest away.
        setTimeout(() => request.socket.resetAndDestroy(), 50);
      });
    } else rest(request, response, Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN));
  });
  const client = createClient({ retry: { minDelayMs: 1 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  return { origin, client };
}

async function download({ dispatcher }: Client, origin: string, method = 'GET'): Promise<Buffer> {
  const { body } = await dispatcher.request({ origin, path: '/', method });
  return Buffer.from(await body.arrayBuffer());
}

const part: Rest = (_request, response, from) =>
  void response
    .writeHead(206, {
      etag: '"v1"',
      'content-range': `bytes ${from}-${FILE.length - 1}/${FILE.length}`,
      'content-length': FILE.length - from,
    })
    .end(FILE.subarray(from));

describe('a response that is cut in the middle', () => {
  it('is completed by Range and If-Range', async () => {
    const { origin, client } = await start({ etag: '"v1"' }, part);
    expect((await download(client, origin.url)).equals(FILE)).toBe(true);
    expect(origin.seen[1]!.headers).toMatchObject({ 'if-range': '"v1"', range: 'bytes=150000-' });
  });

  it('is completed through fetch as well', async () => {
    const { origin, client } = await start({ etag: '"v1"' }, part);
    const answer = await client.fetch(origin.url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(FILE)).toBe(true);
  });

  it('is completed when the second answer is cut too', async () => {
    let cuts = 0;
    const { origin, client } = await start({ etag: '"v1"' }, (request, response, from) => {
      if (cuts++ > 0) return part(request, response, from);
      response.writeHead(206, {
        etag: '"v1"',
        'content-range': `bytes ${from}-${FILE.length - 1}/${FILE.length}`,
        'content-length': FILE.length - from,
      });
      response.write(FILE.subarray(from, from + 70_000), () => request.socket.end());
    });
    expect((await download(client, origin.url)).equals(FILE)).toBe(true);
    expect(origin.seen).toHaveLength(3);
  });

  it('is completed by skipping what came when the server sends the same whole again', async () => {
    const { origin, client } = await start({ etag: '"v1"' }, (_request, response) => {
      response.writeHead(200, { etag: '"v1"', 'content-length': FILE.length }).end(FILE);
    });
    expect((await download(client, origin.url)).equals(FILE)).toBe(true);
  });

  it.each([
    ['the resource changed', { etag: '"v1"' }, 'the resource changed'],
    ['no ETag', {}, 'no ETag'],
    ['a weak ETag', { etag: 'W/"v1"' }, 'weak ETag'],
    ['no ranges', { etag: '"v1"', 'accept-ranges': 'none' }, 'accepts no ranges'],
  ])('fails with the reason: %s', async (_name, head, why) => {
    const { origin, client } = await start(head as Record<string, string>, (_request, response) => {
      response.writeHead(200, { etag: '"v2"' }).end('something else');
    });
    await expect(download(client, origin.url)).rejects.toMatchObject({
      code: 'ERR_FIRSTHAND_RESPONSE_TRUNCATED',
      message: expect.stringContaining(why) as string,
    });
  });

  it('is not asked for again when it answers a POST', async () => {
    const { origin, client } = await start({ etag: '"v1"' }, part);
    await expect(download(client, origin.url, 'POST')).rejects.toMatchObject({
      code: 'ERR_FIRSTHAND_RESPONSE_TRUNCATED',
    });
    expect(origin.seen).toHaveLength(1);
  });
});

const answer = (range: string, etag = '"v1"'): string[] => ['ETag', etag, 'Content-Range', range];

describe('what must hold for the rest', () => {
  const checkpoint = { etag: '"v1"', lengthBytes: 100 };
  it.each([
    [206, answer('bytes 40-99/100'), 0],
    [206, answer('bytes 40-99/*'), 0],
    [200, answer(''), 40],
  ])('%s %j is taken', (status, headers, skip) => expect(checkRest(checkpoint, 40, status, headers)).toBe(skip));
  it.each([
    [206, answer('bytes 41-99/100')],
    [206, answer('bytes 40-98/100')],
    [206, answer('bytes 40-99/101')],
    [206, answer('nonsense')],
    [206, answer('bytes 40-99/100', '"v2"')],
    [206, ['Content-Range', 'bytes 40-99/100']],
    [416, answer('bytes */100')],
  ])('%s %j is refused', (status, headers) =>
    expect(checkRest(checkpoint, 40, status, headers)).toEqual(expect.any(String)),
  );
  it('the answer to a request for a range is left alone', () => {
    expect(cannotResume('GET', 200, ['etag', '"v1"'], true)).toEqual(expect.any(String));
    expect(cannotResume('GET', 200, ['etag', '"v1"'], false)).toBeNull();
  });
});
