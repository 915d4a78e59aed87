import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newKey, testStore } from '../testing/conformance.ts';
import type { Daemon } from '../testing/daemon.ts';
import { startRedis } from '../testing/redis-server.ts';
import { redisStore } from './redis.ts';

let server: Daemon;
let client: Redis;

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.port, '127.0.0.1');
});

afterAll(async () => {
  client.disconnect();
  await server.stop();
});

testStore('redis', { open: (options) => redisStore(client, options), isShared: true, isTransactional: false });

test('a claim is one command, and two on a server that has lost its scripts', async () => {
  const commands: string[] = [];
  const store = redisStore({
    callBuffer: (command, ...args) => {
      commands.push(command);
      return client.callBuffer(command, ...args);
    },
  });
  await store.claim(newKey(), 'f', 1000);
  commands.length = 0;
  await store.claim(newKey(), 'f', 1000);
  expect(commands).toEqual(['EVALSHA']);
  await client.script('FLUSH');
  expect((await store.claim(newKey(), 'f', 1000)).state).toBe('claimed');
  expect(commands).toEqual(['EVALSHA', 'EVALSHA', 'EVAL']);
});

test('a command that is sent again after a reconnect says the same', async () => {
  const sent: [string, ...(string | Buffer | number)[]][] = [];
  const store = redisStore({
    callBuffer: async (command, ...args) => {
      await client.callBuffer(command, ...args);
      sent.push([command, ...args]);
      return await client.callBuffer(command, ...args);
    },
  });
  const claim = await store.claim(newKey(), 'f', 60_000);
  expect(claim.state).toBe('claimed');
  const response = { status: 200, headers: {}, body: Buffer.from('x') };
  expect(claim.state === 'claimed' && (await store.complete(claim.token, response, 60_000))).toBe(true);
  expect(sent).not.toHaveLength(0);
});

test('keys are forgotten by the server too', async () => {
  const key = newKey();
  const store = redisStore(client, { prefix: 'p:', unknownTtlMs: 5000 });
  const claim = await store.claim(key, 'f', 1000);
  const ttlMs = await client.pttl(`p:${key}`);
  expect(ttlMs).toBeGreaterThan(1000);
  expect(ttlMs).toBeLessThanOrEqual(6000);
  if (claim.state === 'claimed') await store.complete(claim.token, { status: 200, headers: {}, body: null }, 99_000);
  expect(await client.pttl(`p:${key}`)).toBeGreaterThan(6000);
});

test('other errors of the server pass', async () => {
  const key = newKey();
  await client.set(`firsthand:idempotency:${key}`, 'a string');
  await expect(redisStore(client).claim(key, 'f', 1000)).rejects.toThrow('WRONGTYPE');
});
