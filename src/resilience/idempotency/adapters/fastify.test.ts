/** What only Fastify has: fields in two places, hooks after ours, parsers. */
import fastify, { type FastifyInstance } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { idempotency } from '../idempotency.ts';
import { memoryStore } from '../stores/memory.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

async function start(prepare: (app: FastifyInstance) => unknown): Promise<FastifyInstance> {
  const app = fastify();
  onTestFinished(() => app.close());
  await app.register(idempotency({ store: memoryStore() }).fastify);
  prepare(app);
  await app.ready();
  return app;
}

interface Got {
  readonly statusCode: number;
  readonly headers: Record<string, unknown>;
  readonly payload: string;
}

async function post(app: FastifyInstance, key: string, payload = '{}', url = '/'): Promise<Got> {
  return app.inject({ method: 'POST', url, headers: { 'idempotency-key': key, ...JSON_TYPE }, payload });
}

test('fields set through the reply, on the raw response and both are replayed', async () => {
  const app = await start((it) => {
    it.post('/', (_request, reply) => {
      reply.raw.setHeader('x-raw', 'raw');
      reply.raw.setHeader('x-both', 'raw');
      return reply.header('x-reply', 'reply').header('X-Both', 'reply').send('made');
    });
    it.post('/reply', (_request, reply) => reply.header('x-reply', 'only').send('made'));
  });
  const fields = { 'x-raw': 'raw', 'x-both': 'reply', 'x-reply': 'reply' };
  expect((await post(app, 'raw')).headers).toMatchObject(fields);
  expect((await post(app, 'raw')).headers).toMatchObject({ ...fields, 'idempotent-replayed': 'true' });
  await post(app, 'reply', '{}', '/reply');
  const { headers } = await post(app, 'reply', '{}', '/reply');
  expect(headers).toMatchObject({ 'x-reply': 'only', 'idempotent-replayed': 'true' });
  expect(headers).not.toHaveProperty('x-raw');
});

test('every answer is replayed with its own fields', async () => {
  const app = await start((it) =>
    it.post<{ Body: { n: number } }>('/', (request, reply) =>
      reply.header('etag', `"${request.body.n}"`).send({ n: request.body.n }),
    ),
  );
  for (let n = 0; n < 3; n++) await post(app, `k${n}`, JSON.stringify({ n }));
  for (let n = 0; n < 3; n++) {
    const { headers, payload } = await post(app, `k${n}`, JSON.stringify({ n }));
    expect([headers['etag'], headers['idempotent-replayed'], payload]).toEqual([`"${n}"`, 'true', `{"n":${n}}`]);
  }
});

test('what a later hook makes of the answer is not replayed', async () => {
  const app = await start((it) => {
    it.addHook('onSend', async (_request, reply, payload) => {
      reply.header('content-encoding', 'rot13');
      return String(payload).replaceAll('a', 'n');
    });
    it.post('/', (_request, reply) => reply.send('banana'));
  });
  const first = await post(app, 'k');
  expect([first.payload, first.headers['content-encoding']]).toEqual(['bnnnnn', 'rot13']);
  const again = await post(app, 'k');
  expect([again.payload, again.headers['content-encoding']]).toEqual(['banana', undefined]);
});

test('the order of members does not count, everything else of the body does', async () => {
  let runs = 0;
  const app = await start((it) => it.post('/', (_request, reply) => reply.send(String(++runs))));
  const bodies = ['{"a":1,"b":[1,{"c":2,"d":3}]}', '{ "b": [1, {"d": 3, "c": 2}], "a": 1 }'];
  for (const body of bodies) expect((await post(app, 'k', body)).payload).toBe('1');
  for (const body of ['{"a":1,"b":[1,{"c":2,"d":4}]}', '{"a":"1","b":[1,{"c":2,"d":3}]}', '[]', '{}', 'null'])
    expect((await post(app, 'k', body)).statusCode).toBe(422);
  expect(runs).toBe(1);
});

test('a handler that changes the parsed body does not change the request', async () => {
  const app = await start((it) =>
    it.post<{ Body: { secret?: string } }>('/', (request, reply) => {
      delete request.body.secret;
      return reply.send('made');
    }),
  );
  await post(app, 'k', '{"secret":"s"}');
  expect((await post(app, 'k', '{"secret":"s"}')).payload).toBe('made');
  expect((await post(app, 'k', '{}')).statusCode).toBe(422);
});

/** How many hooks each request of `url` finds on its route before the handler and on sending. */
async function hooksFound(prepare: (app: FastifyInstance) => unknown, method: 'GET' | 'PUT' = 'GET'): Promise<unknown> {
  const found: unknown[] = [];
  const app = await start((it) => {
    prepare(it);
    it.route({
      method: method === 'GET' ? 'GET' : ['PUT', 'POST'],
      url: '/it',
      handler: (request, reply) => {
        const symbol = Object.getOwnPropertySymbols(request).find(
          ({ description }) => description === 'fastify.context',
        )!;
        const { preHandler, onSend } = (request as unknown as Record<symbol, Record<string, unknown[] | null>>)[
          symbol
        ]!;
        found.push([preHandler?.length ?? null, onSend?.length ?? null]);
        return reply.send('it');
      },
    });
  });
  for (let i = 0; i < 3; i++) expect((await app.inject({ method, url: '/it' })).payload).toBe('it');
  return found;
}

test('a route whose methods are never looked at loses the hooks with its first request', async () => {
  expect(await hooksFound(() => {})).toEqual(Array.from({ length: 3 }, () => [null, null]));
});

test('hooks of the application stay, in their order', async () => {
  const calls: string[] = [];
  const found = await hooksFound((it) => {
    it.addHook('preHandler', async () => void calls.push('first'));
    it.addHook('onSend', async () => void calls.push('sent'));
    it.addHook('preHandler', async () => void calls.push('second'));
  });
  expect(found).toEqual(Array.from({ length: 3 }, () => [2, 1]));
  expect(calls).toEqual(Array.from({ length: 3 }, () => ['first', 'second', 'sent']).flat());
});

test('a route that is also for a method that is looked at keeps the hooks', async () => {
  expect(await hooksFound(() => {}, 'PUT')).toEqual(Array.from({ length: 3 }, () => [1, 1]));
});

test('requests beside those that pass by are looked at', async () => {
  const app = fastify();
  onTestFinished(() => app.close());
  const runs: string[] = [];
  // Not awaited: the routes are there before the plugin runs.
  void app.register(idempotency({ store: memoryStore() }).fastify);
  app.get('/', (_request, reply) => reply.send(`GET ${runs.push('GET')}`));
  app.post('/', (_request, reply) => reply.send(`POST ${runs.push('POST')}`));
  app.setNotFoundHandler(({ method }, reply) => reply.code(404).send(`missing ${runs.push(`missing ${method}`)}`));
  const headers = { 'idempotency-key': 'k' };
  for (let i = 0; i < 3; i++)
    for (const method of ['GET', 'POST'] as const)
      for (const url of ['/', '/missing']) await app.inject({ method, url, headers: { ...headers, 'x-url': url } });
  // One key: the POST to the other place is refused.
  expect(runs.toSorted()).toEqual([...Array(3).fill('GET'), 'POST', ...Array(3).fill('missing GET')]);
});

test('a text is replayed with its own type', async () => {
  const app = await start((it) =>
    it.post('/', (_request, reply) =>
      reply
        .serializer(() => 'made')
        .header('content-type', 'a/b')
        .send({}),
    ),
  );
  await post(app, 'k');
  const { headers, payload } = await post(app, 'k');
  expect([payload, headers['content-type'], headers['content-length']]).toEqual(['made', 'a/b', '4']);
});

test('what hooks before ours set on the reply is part of a replay', async () => {
  const app = fastify();
  onTestFinished(() => app.close());
  let requests = 0;
  app.addHook('onRequest', async (_request, reply) => void reply.header('x-request', String(++requests)));
  app.addHook('onRequest', async (_request, reply) => void reply.raw.setHeader('x-raw', String(requests)));
  await app.register(idempotency({ store: memoryStore(), keepHeader: (name) => !name.startsWith('x-') }).fastify);
  app.post('/', (_request, reply) => reply.send('ä'));
  await post(app, 'k');
  const { headers, payload } = await post(app, 'k');
  expect([payload, headers['x-request'], headers['x-raw'], headers['content-length']]).toEqual(['ä', '2', '2', '2']);
});
