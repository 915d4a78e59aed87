import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { IdempotencyOptions } from '../options.ts';
import { lmdbStore, type LmdbStore } from '../stores/lmdb.ts';
import type { LmdbTransaction } from '../stores/lmdb-transaction.ts';
import { memoryStore } from '../stores/memory.ts';
import { type App, type Handle, STARTS } from '../testing/apps.ts';
import { temporaryDirectory } from '../testing/daemon.ts';

const directory = temporaryDirectory('adapters');
let lmdb: LmdbStore;

beforeAll(() => {
  lmdb = lmdbStore(`${directory}/db`);
});

afterAll(async () => {
  await lmdb.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

describe.each(Object.entries(STARTS))('%s', (_name, startApp) => {
  async function start(handle: Handle, options?: Partial<IdempotencyOptions>): Promise<App> {
    const app = await startApp({ store: memoryStore(), ...options }, handle);
    onTestFinished(() => app.close());
    return app;
  }

  test('a retry gets the first answer and a mark, and nothing runs twice', async () => {
    let runs = 0;
    const { url } = await start(({ body }) => ({
      status: 201,
      headers: { 'content-type': 'application/json', 'x-made': 'yes', link: ['<a>', '<b>'], 'set-cookie': 'a=b' },
      body: JSON.stringify({ run: ++runs, got: body }),
    }));
    const first = await post(url, '"k"', 'hello');
    const again = await post(url, '"k"', 'hello');
    expect(first.status).toBe(201);
    expect(first.text).toBe('{"run":1,"got":"hello"}');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(first.headers.get('set-cookie')).toBe('a=b');
    expect(again).toMatchObject({ status: 201, text: first.text });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('content-type')).toMatch(/^application\/json/);
    expect(again.headers.get('x-made')).toBe('yes');
    expect(again.headers.get('link')).toBe('<a>, <b>');
    expect(again.headers.get('set-cookie')).toBeNull();
    expect(runs).toBe(1);
  });

  test('a bare key is the same key as a quoted one', async () => {
    let runs = 0;
    const { url } = await start(() => ({ status: 200, body: String(++runs) }));
    expect((await post(url, '"k-1"')).text).toBe('1');
    expect((await post(url, 'k-1')).text).toBe('1');
  });

  test('another body, path, query or method under the same key is refused with 422', async () => {
    let runs = 0;
    const { url } = await start(() => ({ status: 200, body: String(++runs) }));
    await post(url, '"k"', 'a');
    for (const other of [post(url, '"k"', 'b'), post(`${url}/x`, '"k"', 'a'), post(`${url}/?q`, '"k"', 'a')])
      expect(problemOf(await other)).toEqual([422, 'urn:firsthand:idempotency:key-reused']);
    expect(problemOf(await send(url, 'PATCH', '"k"', 'a'))[0]).toBe(422);
    expect(runs).toBe(1);
  });

  test('missing and malformed keys', async () => {
    let runs = 0;
    const { url } = await start(() => ({ status: 200, body: String(++runs) }), { required: true });
    expect(problemOf(await post(url, undefined))).toEqual([400, 'urn:firsthand:idempotency:key-missing']);
    expect(problemOf(await post(url, '"a", "b"'))).toEqual([400, 'urn:firsthand:idempotency:key-malformed']);
    expect(runs).toBe(0);
  });

  test('without a key, and with another method, everything passes', async () => {
    let runs = 0;
    const { url } = await start(({ body }) => ({ status: 200, body: `${++runs} ${body}` }));
    expect((await post(url, undefined, 'x')).text).toBe('1 x');
    expect((await post(url, undefined, 'x')).text).toBe('2 x');
    expect((await send(url, 'PUT', '"k"', 'y')).text).toBe('3 y');
    expect((await send(url, 'PUT', '"k"', 'y')).text).toBe('4 y');
  });

  test('while the first one runs the second is told to come back', async () => {
    const gate = withResolvers();
    const entered = withResolvers();
    const { url } = await start(async () => {
      entered.resolve();
      await gate.promise;
      return { status: 200, body: 'done' };
    });
    const first = post(url, '"k"');
    await entered.promise;
    const second = await post(url, '"k"');
    expect(problemOf(second)).toEqual([409, 'urn:firsthand:idempotency:in-progress']);
    expect(second.headers.get('retry-after')).toBe('0');
    gate.resolve();
    expect((await first).text).toBe('done');
    expect((await post(url, '"k"')).text).toBe('done');
  });

  test('a client that goes away does not stop the handler, and its retry gets the answer', async () => {
    const gate = withResolvers();
    const entered = withResolvers();
    let runs = 0;
    const { url } = await start(async () => {
      runs++;
      entered.resolve();
      await gate.promise;
      return { status: 201, body: 'made' };
    });
    const { port } = new URL(url);
    const socket = net.connect(Number(port), '127.0.0.1');
    // As fetch sends it, so that the retry is the same request.
    socket.write(
      'POST / HTTP/1.1\r\nhost: x\r\nidempotency-key: "k"\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nhi',
    );
    await entered.promise;
    socket.resetAndDestroy();
    await once(socket, 'close');
    gate.resolve();
    await expect.poll(async () => (await post(url, '"k"', 'hi')).text).toBe('made');
    expect(runs).toBe(1);
  });

  test('binary bodies come back byte for byte', async () => {
    const body = Buffer.from(Uint8Array.from({ length: 4096 }, (_, i) => (i * 7) % 256));
    const { url } = await start(() => ({ status: 200, headers: { 'content-type': 'application/octet-stream' }, body }));
    for (const marked of [null, 'true']) {
      const { bytes, headers } = await post(url, '"k"');
      expect(bytes.equals(body)).toBe(true);
      expect(headers.get('idempotent-replayed')).toBe(marked);
    }
  });

  test('a streamed answer is replayed', async () => {
    const chunks = Array.from({ length: 20 }, (_, i) => Buffer.alloc(5000, i));
    const { url } = await start(() => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: chunks,
    }));
    for (const marked of [null, 'true']) {
      const { bytes, headers } = await post(url, '"k"');
      expect(bytes.equals(Buffer.concat(chunks))).toBe(true);
      expect(headers.get('idempotent-replayed')).toBe(marked);
    }
  });

  test.each([
    ['at once', Buffer.alloc(300_000, 1)],
    ['in chunks', Array.from({ length: 30 }, () => Buffer.alloc(10_000, 1))],
  ])(
    'an answer that is too large and comes %s is sent, and its retry told that it was executed',
    async (_how, body) => {
      let runs = 0;
      const handle: Handle = () => ({ status: 200, body: (runs++, body) });
      const { url } = await start(handle, { maxResponseBytes: 100_000 });
      expect((await post(url, '"k"')).bytes.length).toBe(300_000);
      const again = await post(url, '"k"');
      expect(problemOf(again)).toEqual([409, 'urn:firsthand:idempotency:response-not-kept']);
      expect(JSON.parse(again.text)).toMatchObject({ originalStatus: 200 });
      expect(again.headers.get('retry-after')).toBeNull();
      expect(runs).toBe(1);
    },
  );

  test.each([204, 400, 500, 503])('an answer of %i is replayed', async (status) => {
    let runs = 0;
    const { url } = await start(() => ({ status, ...(status === 204 ? {} : { body: String(++runs) }) }));
    const first = await post(url, '"k"');
    const again = await post(url, '"k"');
    expect([again.status, again.text]).toEqual([status, first.text]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('429 says that nothing was done, and so can the handler', async () => {
    let runs = 0;
    const { url } = await start(({ path, idempotency }) => {
      if (path === '/release') idempotency!.release();
      return { status: path === '/429' ? 429 : 503, body: String(++runs) };
    });
    expect((await post(`${url}/429`, '"a"')).text).toBe('1');
    expect((await post(`${url}/429`, '"a"')).text).toBe('2');
    expect((await post(`${url}/release`, '"b"')).text).toBe('3');
    expect((await post(`${url}/release`, '"b"')).text).toBe('4');
  });

  test.each([307, 308])('a %i lets the same key through at the place it names', async (status) => {
    const { url } = await start(({ path }) => ({
      status: path === '/there' ? 201 : status,
      headers: path === '/there' ? {} : { location: '/there' },
      body: path,
    }));
    const answer = await post(`${url}/here`, '"k"');
    expect([answer.status, answer.text]).toEqual([201, '/there']);
  });

  test('what a handler throws is answered, and the answer is kept', async () => {
    let runs = 0;
    const { url } = await start(() => {
      runs++;
      throw new Error('on purpose');
    });
    expect((await post(url, '"k"')).status).toBe(500);
    const again = await post(url, '"k"');
    expect([again.status, again.headers.get('idempotent-replayed'), runs]).toEqual([500, 'true', 1]);
  });

  test('nobody is answered with the answer of another', async () => {
    let runs = 0;
    const { url } = await start(() => ({ status: 200, body: String(++runs) }));
    const as = (headers: Record<string, string>): Promise<string> =>
      post(url, '"k"', 'x', headers).then(({ text }) => text);
    expect(await as({ authorization: 'Bearer a' })).toBe('1');
    expect(await as({ authorization: 'Bearer b' })).toBe('2');
    expect(await as({ cookie: 'session=a' })).toBe('3');
    expect(await as({})).toBe('4');
    expect(await as({ authorization: 'Bearer a', cookie: 'other=1' })).toBe('1');
  });

  test('tenant is told the request', async () => {
    let runs = 0;
    const handle: Handle = () => ({ status: 200, body: String(++runs) });
    const { url } = await start(handle, { tenant: async ({ headers }) => String(headers['x-tenant']) });
    expect((await post(url, '"k"', 'x', { 'x-tenant': 'a', authorization: '1' })).text).toBe('1');
    expect((await post(url, '"k"', 'x', { 'x-tenant': 'a', authorization: '2' })).text).toBe('1');
    expect((await post(url, '"k"', 'x', { 'x-tenant': 'b', authorization: '2' })).text).toBe('2');
  });

  test('a store that fails is a 503, and nothing runs', async () => {
    let runs = 0;
    const errors: unknown[] = [];
    const store = memoryStore();
    store.claim = () => Promise.reject(new Error('down'));
    const handle: Handle = () => ({ status: 200, body: String(++runs) });
    const { url } = await start(handle, { store, onError: (error) => errors.push(error) });
    const answer = await post(url, '"k"');
    expect(problemOf(answer)).toEqual([503, 'urn:firsthand:idempotency:store-unavailable']);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect([runs, errors]).toEqual([0, [new Error('down')]]);
  });

  test('what cannot be stored is still answered', async () => {
    const errors: unknown[] = [];
    const store = memoryStore();
    store.complete = () => Promise.reject(new Error('full'));
    const { url } = await start(() => ({ status: 200, body: 'x' }), { store, onError: (error) => errors.push(error) });
    expect((await post(url, '"k"')).text).toBe('x');
    expect(errors).toEqual([new Error('full')]);
  });

  async function lost(
    recover: IdempotencyOptions['recover'],
  ): Promise<{ url: string; ran: () => number; cut: () => Promise<unknown> }> {
    const clock = { ms: 1000 };
    const hang = withResolvers();
    onTestFinished(() => hang.resolve());
    let runs = 0;
    const entered = withResolvers();
    const store = memoryStore({ now: () => clock.ms });
    // As if the process had died: no sign of life.
    const renew = store.renew!.bind(store);
    store.renew = (token, leaseMs) => (leaseMs === 0 ? renew(token, 0) : Promise.resolve(true));
    const { url } = await start(
      async () => {
        if (++runs === 1) {
          entered.resolve();
          await hang.promise;
        }
        return { status: 200, body: String(runs) };
      },
      { store, leaseMs: 500, ...(recover === undefined ? {} : { recover }) },
    );
    void post(url, '"k"', 'x').catch(() => {});
    await entered.promise;
    clock.ms += 501;
    return { url, ran: () => runs, cut: () => post(url, '"k"', 'x') };
  }

  describe('a lease that ran out', () => {
    test('is not run again', async () => {
      const { cut, ran } = await lost(undefined);
      const answer = (await cut()) as Answer;
      expect(problemOf(answer)).toEqual([409, 'urn:firsthand:idempotency:outcome-unknown']);
      expect(answer.headers.get('retry-after')).toBeNull();
      expect(ran()).toBe(1);
    });

    test('is run again when recover says so', async () => {
      const asked: unknown[] = [];
      const { url, ran } = await lost(({ key, request }) => {
        asked.push([key, request.method]);
        return 'run-again';
      });
      expect((await post(url, '"k"', 'x')).text).toBe('2');
      expect([ran(), asked]).toEqual([2, [['k', 'POST']]]);
    });

    test('gets the answer that recover found, for good', async () => {
      const { url, ran } = await lost(() => ({ status: 201, headers: { 'x-found': 'yes' }, body: 'found' }));
      for (let i = 0; i < 2; i++) {
        const answer = await post(url, '"k"', 'x');
        expect([answer.status, answer.text, answer.headers.get('x-found')]).toEqual([201, 'found', 'yes']);
        expect(answer.headers.get('idempotent-replayed')).toBe('true');
      }
      expect(ran()).toBe(1);
    });

    test('stays unknown when recover cannot tell or fails', async () => {
      let asked = 0;
      const { url, ran } = await lost(() => {
        if (++asked === 2) throw new Error('on purpose');
        return 'unknown';
      });
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await post(url, '"k"', 'x')).status);
      expect([statuses, asked, ran()]).toEqual([[409, 500, 409], 3, 1]);
    });
  });

  describe('transact', () => {
    test.each(['after', 'before'])('effect and answer commit together; the effect ends %s the answer', async (when) => {
      const name = `${_name} ${when}`;
      const { url } = await start(
        async ({ idempotency }) => {
          const made = await idempotency!.transact((tx: LmdbTransaction) => {
            tx.put(name, Number(tx.get(name) ?? 0) + 1);
            return 'made';
          });
          // Nothing is visible before the response is stored.
          if (when === 'after') expect(lmdb.database.get(name)).toBeUndefined();
          return { status: 201, body: made };
        },
        { store: lmdb },
      );
      const key = `"${name}"`;
      expect(await post(url, key)).toMatchObject({ status: 201, text: 'made' });
      expect((await post(url, key)).headers.get('idempotent-replayed')).toBe('true');
      expect(lmdb.database.get(name)).toBe(1);
    });

    test('an answer of 500 undoes the effect, and the retry runs', async () => {
      const name = `${_name} undone`;
      let runs = 0;
      const { url } = await start(
        async ({ idempotency }) => {
          await idempotency!.transact((tx: LmdbTransaction) => tx.put(name, ++runs));
          return { status: runs === 1 ? 500 : 200, body: String(runs) };
        },
        { store: lmdb },
      );
      expect((await post(url, `"${name}"`)).status).toBe(500);
      expect(lmdb.database.get(name)).toBeUndefined();
      expect(await post(url, `"${name}"`)).toMatchObject({ status: 200, text: '2' });
      expect(lmdb.database.get(name)).toBe(2);
    });

    test('an effect that throws leaves nothing; what the handler makes of it is kept', async () => {
      const name = `${_name} thrown`;
      let runs = 0;
      const { url } = await start(
        async ({ idempotency }) => {
          runs++;
          try {
            await idempotency!.transact((tx: LmdbTransaction) => {
              tx.put(name, 1);
              throw new Error('sold out');
            });
          } catch (error) {
            return { status: 409, body: (error as Error).message };
          }
          return { status: 200 };
        },
        { store: lmdb },
      );
      for (let i = 0; i < 2; i++) expect(await post(url, `"${name}"`)).toMatchObject({ status: 409, text: 'sold out' });
      expect([runs, lmdb.database.get(name)]).toEqual([1, undefined]);
    });

    test('a fenced owner undoes everything and does not answer', async () => {
      const name = `${_name} fenced`;
      let released = false;
      const { url } = await start(
        async ({ idempotency }) => {
          await idempotency!.transact((tx: LmdbTransaction) => tx.put(name, 1));
          if (!released) {
            released = true;
            const entries = lmdb.database.openDB<{ t: string }, string>({ name: 'firsthand-idempotency' });
            for (const { value } of entries.getRange()) if (value.t.endsWith(`"${name}"`)) await lmdb.release(value.t);
          }
          return { status: 201, body: 'made' };
        },
        { store: lmdb },
      );
      expect(problemOf(await post(url, `"${name}"`))).toEqual([409, 'urn:firsthand:idempotency:in-progress']);
      expect(lmdb.database.get(name)).toBeUndefined();
      expect((await post(url, `"${name}"`)).text).toBe('made');
    });

    test('without a key it is a transaction', async () => {
      const name = `${_name} unkeyed`;
      const { url } = await start(
        async ({ idempotency }) => {
          await idempotency!.transact((tx: LmdbTransaction) => tx.put(name, Number(tx.get(name) ?? 0) + 1));
          return { status: 200, body: String(idempotency!.key) };
        },
        { store: lmdb },
      );
      for (let i = 1; i <= 2; i++) {
        expect((await post(url, undefined)).text).toBe('null');
        expect(lmdb.database.get(name)).toBe(i);
      }
    });

    test('an answer larger than what is kept commits before it leaves', async () => {
      const name = `${_name} large`;
      const { url } = await start(
        async ({ idempotency }) => {
          await idempotency!.transact((tx: LmdbTransaction) => tx.put(name, 1));
          return { status: 200, body: Array.from({ length: 30 }, () => Buffer.alloc(10_000, 1)) };
        },
        { store: lmdb, maxResponseBytes: 50_000 },
      );
      expect((await post(url, `"${name}"`)).bytes.length).toBe(300_000);
      expect(lmdb.database.get(name)).toBe(1);
      expect(problemOf(await post(url, `"${name}"`))[1]).toBe('urn:firsthand:idempotency:response-not-kept');
    });
  });
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
}

function post(url: string, key: string | undefined, body = '', headers: Record<string, string> = {}): Promise<Answer> {
  return send(url, 'POST', key, body, headers);
}

async function send(
  url: string,
  method: string,
  key: string | undefined,
  body: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const keyed = key === undefined ? {} : { 'idempotency-key': key };
  const response = await fetch(url, { method, body, headers: { ...keyed, 'content-type': 'text/plain', ...headers } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
}

function problemOf({ status, headers, text }: Answer): [number, string] {
  expect(headers.get('content-type')).toBe('application/problem+json');
  const { type, status: said } = JSON.parse(text) as { type: string; status: number };
  expect(said).toBe(status);
  return [status, type];
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
