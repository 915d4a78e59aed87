import * as fs from 'node:fs';
import { open, type RootDatabase } from 'lmdb';
import { afterAll, expect, test } from 'vitest';
import { newKey, testStore, tokenOf } from '../testing/conformance.ts';
import { temporaryDirectory } from '../testing/daemon.ts';
import { lmdbStore } from './lmdb.ts';
import type { LmdbEnvironment } from './lmdb-database.ts';

const directory = temporaryDirectory('lmdb');
let nowMs = 1_000_000;
const shared = lmdbStore(`${directory}/shared`, { now: () => nowMs });
const response = { status: 201, headers: {}, body: Buffer.from('made') };

afterAll(async () => {
  await shared.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

testStore('lmdb', {
  // Closing one closes the environment for all of this process: the tests' own close is the shared store's last.
  open: (options) => {
    const store = lmdbStore(`${directory}/shared`, { ...options, now: () => nowMs });
    store.close = async () => {};
    return store;
  },
  isShared: true,
  isTransactional: true,
  advance: (ms) => (nowMs += ms),
});

test('writes and the answer commit together', async () => {
  const key = newKey();
  const token = tokenOf(await shared.claim(key, 'f', 1000));
  const transaction = await shared.begin();
  transaction.tx.put('account', 5);
  transaction.tx.db('orders').put([1, 'a'], { total: 2 });
  expect(transaction.tx.get('account')).toBe(5);
  expect(shared.database.get('account')).toBeUndefined();
  expect(await transaction.commit({ token, response, ttlMs: 1000 })).toBe(true);
  expect(shared.database.get('account')).toBe(5);
  expect(shared.database.openDB({ name: 'orders' }).get([1, 'a'])).toEqual({ total: 2 });
  expect(await shared.claim(key, 'f', 1000)).toEqual({ state: 'done', response });
});

test('a fenced owner writes nothing', async () => {
  const key = newKey();
  const token = tokenOf(await shared.claim(key, 'f', 1000));
  const transaction = await shared.begin();
  transaction.tx.put('fenced', 1);
  await shared.release(token);
  expect(await transaction.commit({ token, response, ttlMs: 1000 })).toBe(false);
  expect(shared.database.get('fenced')).toBeUndefined();
});

test('of two that read the same and write, one is told to run again', async () => {
  await shared.database.put('counter', 1);
  const [a, b] = [await shared.begin(), await shared.begin()];
  for (const { tx } of [a, b]) tx.put('counter', Number(tx.get('counter')) + 1);
  expect(await a.commit(null)).toBe(true);
  await expect(b.commit(null)).rejects.toThrow('Another transaction changed');
  expect(shared.database.get('counter')).toBe(2);
});

test('a value that cannot be written undoes its own commit only', async () => {
  const [bad, good] = [await shared.begin(), await shared.begin()];
  bad.tx.put('half', 1);
  bad.tx.put('half-too', {
    toJSON: fail,
    get member() {
      return fail();
    },
  });
  good.tx.put('whole', 1);
  const commits = await Promise.allSettled([bad.commit(null), good.commit(null)]);
  expect(commits.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(shared.database.get('half')).toBeUndefined();
  expect(shared.database.get('whole')).toBe(1);
});

test('what is over is removed', async () => {
  const store = lmdbStore(`${directory}/sweep`, { now: () => nowMs });
  for (let i = 0; i < 30; i++) await store.complete(tokenOf(await store.claim(`sweep ${i}`, 'f', 10)), response, 10);
  for (let i = 0; i < 3; i++) {
    nowMs += 10_000;
    await store.claim('other', 'f', 10);
  }
  const left = [...store.database.openDB({ name: 'firsthand-idempotency' }).getRange()];
  expect(left.map(({ key }) => key)).toEqual(['other']);
  await store.close();
});

test.each([true, false])('with durable: %s a claim, an answer and a commit wait for the disk', async (durable) => {
  const store = lmdbStore(`${directory}/durable-${durable}`, { durable });
  let waiting: (() => void)[] = [];
  let waits = 0;
  const onDisk = {
    // oxlint-disable-next-line unicorn/no-thenable
    then: (done: () => void) => {
      waits++;
      waiting.push(done);
    },
  };
  Object.defineProperty(store.database, 'flushed', { value: onDisk });
  const afterFlush = async <T>(work: Promise<T>): Promise<T> => {
    if (!durable) return work;
    let isDone = false;
    void work.then(() => (isDone = true));
    // Later than the commit, of which all processes know at once.
    await store.database.transaction(() => {});
    await store.database.transaction(() => {});
    expect(isDone).toBe(false);
    for (const done of waiting) done();
    waiting = [];
    return work;
  };
  const token = tokenOf(await afterFlush(store.claim('k', 'f', 1000)));
  const transaction = await store.begin();
  transaction.tx.put('effect', 1);
  expect(await afterFlush(transaction.commit(null))).toBe(true);
  expect(store.database.get('effect')).toBe(1);
  expect(await afterFlush(store.complete(token, response, 1000))).toBe(true);
  expect((await afterFlush(store.takeOver!('k', 'f', 1000))).state).toBe('done');
  expect(waits).toBe(durable ? 4 : 0);
  await store.close();
});

test('what lmdb opens is what our types say', () => {
  // Held by the compiler.
  const environment: LmdbEnvironment = open({ path: `${directory}/types` }) satisfies RootDatabase;
  expect(environment.openDB<number, string>({ name: 'numbers' }).get('none')).toBeUndefined();
});

function fail(): never {
  throw new Error('not to be encoded');
}
