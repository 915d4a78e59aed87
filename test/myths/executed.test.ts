import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { failureOf, fetched, portOf } from './scene.ts';

describe('a request whose connection was reset', () => {
  it('may have been executed, and a blind retry executes it twice', async () => {
    let executions = 0;
    const server = createServer((request, response) => {
      executions++;
      if (executions === 1) request.socket.resetAndDestroy();
      else response.end('done');
    });
    const port = await portOf(server);
    expect((await failureOf(fetched(port, '/pay', { method: 'POST' }))).code).toBe('ECONNRESET');
    expect(executions).toBe(1);
    expect((await fetched(port, '/pay', { method: 'POST' })).body).toBe('done');
    expect(executions).toBe(2);
  }, 30_000);

  it('is executed once when the retry carries the same idempotency key and the server remembers it', async () => {
    const done = new Map<string, string>();
    let executions = 0;
    let answers = 0;
    const server = createServer((request, response) => {
      const key = String(request.headers['idempotency-key']);
      const result = done.get(key) ?? `receipt ${++executions}`;
      done.set(key, result);
      if (++answers === 1) request.socket.resetAndDestroy();
      else response.end(result);
    });
    const port = await portOf(server);
    const pay = { method: 'POST', headers: { 'idempotency-key': '"8f14e45f"' } };
    expect((await failureOf(fetched(port, '/pay', pay))).code).toBe('ECONNRESET');
    expect((await fetched(port, '/pay', pay)).body).toBe('receipt 1');
    expect(executions).toBe(1);
  }, 30_000);
});
