import axios from 'axios';
import ky from 'ky';
import { afterEach, describe, expect, it } from 'vitest';

import { type Client, createClient } from './create-client.ts';
import { type Origin, reset, startOrigin } from './testing/origin.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** Resets the first request after it arrived whole. */
async function start(idempotency: false | object = {}): Promise<{ origin: Origin; client: Client }> {
  const origin = await startOrigin((n, request, response) => {
    if (n === 1) reset(request);
    else response.setHeader('content-type', 'application/json').end(JSON.stringify({ answer: n }));
  });
  const client = createClient({ retry: { minDelayMs: 1 }, idempotency });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  return { origin, client };
}

interface Library {
  readonly name: string;
  post(client: Client, url: string, body: object): Promise<unknown>;
}

const LIBRARIES: readonly Library[] = [
  {
    name: "axios with the adapter 'fetch'",
    async post({ fetch }, url, body) {
      return (await axios.create({ adapter: 'fetch', env: { fetch } }).post<unknown>(url, body)).data;
    },
  },
  {
    name: 'ky',
    post: ({ fetch }, url, body) => ky.create({ fetch, retry: 0 }).post(url, { json: body }).json(),
  },
];

describe.each(LIBRARIES)('$name over client.fetch', ({ post }) => {
  it('sends a POST again with the same key and body', async () => {
    const { origin, client } = await start();
    expect(await post(client, origin.url, { order: 42 })).toEqual({ answer: 2 });
    expect(origin.seen.map(({ body }) => body)).toEqual(['{"order":42}', '{"order":42}']);
    expect(origin.seen[0]!.key).toBeDefined();
    expect(origin.seen[1]!.key).toBe(origin.seen[0]!.key);
  });

  it('hands the ConnectionError to the caller when there is no key', async () => {
    const { origin, client } = await start(false);
    const error = await post(client, origin.url, { order: 42 }).catch((thrown: unknown) => thrown);
    expect(codesOf(error)).toContain('ERR_FIRSTHAND_MAYBE_EXECUTED');
    expect(origin.seen).toHaveLength(1);
  });
});

/** The codes of an error and of its causes. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) if ('code' in at) codes.push(String(at.code));
  return codes;
}
