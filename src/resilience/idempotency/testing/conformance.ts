/** What every store must do: the same tests over all of them. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Claim, isTransactional, type Store, type StoredResponse } from '../store.ts';

/** How a suite gets at one kind of store. */
export interface Subject {
  /** A store over what all stores of this subject share; `transactional: false` where it is an option. */
  open(options?: { readonly transactional?: boolean; readonly unknownTtlMs?: number }): Store | Promise<Store>;
  /** Whether a second `open` sees what the first one stored. */
  readonly isShared: boolean;
  /** Whether its stores have transactions. */
  readonly isTransactional: boolean;
  /** Moves the store's clock; without it the clock is a server's, and tests poll. */
  readonly advance?: (ms: number) => void;
}

const LEASE_MS = 60_000;
const TTL_MS = 60_000;
/** Long enough to claim twice on a busy machine where the clock cannot be moved, short enough to be polled for. */
const SHORT_MS = 400;
const RESPONSE: StoredResponse = {
  status: 201,
  headers: { 'content-type': 'application/json', link: ['<a>', '<b>'] },
  body: Buffer.from('{"id":1}'),
};

/** Registers the tests for one kind of store. */
export function testStore(name: string, subject: Subject): void {
  const open = async (options?: Parameters<Subject['open']>[0]): Promise<Store> => {
    const store = await subject.open(options);
    onTestFinished(() => store.close());
    return store;
  };
  /** Claims until the answer is of the given state, moving the clock where it can be moved. */
  const claimUntil = async (state: Claim['state'], claim: () => Promise<Claim>, ms: number): Promise<Claim> => {
    subject.advance?.(ms + 1);
    for (;;) {
      const said = await claim();
      if (said.state === state || subject.advance !== undefined) return said;
      await delay(10);
    }
  };

  describe(name, () => {
    test('one of 100 parallel claims gets the key', async () => {
      const stores = subject.isShared ? [await open(), await open()] : [await open()];
      const key = newKey();
      const claims = await Promise.all(
        Array.from({ length: 100 }, (_, i) => stores[i % stores.length]!.claim(key, 'f', LEASE_MS)),
      );
      expect(claims.filter(({ state }) => state === 'claimed')).toHaveLength(1);
      expect(claims.filter(({ state }) => state === 'in-progress')).toHaveLength(99);
    });

    test('keys do not meet', async () => {
      const store = await open();
      const keys = Array.from({ length: 50 }, newKey);
      const claims = await Promise.all(keys.map((key) => store.claim(key, 'f', LEASE_MS)));
      expect(new Set(claims.map(tokenOf)).size).toBe(50);
    });

    test('an answer is replayed whole', async () => {
      const store = await open();
      const key = newKey();
      const token = tokenOf(await store.claim(key, 'f', LEASE_MS));
      expect(await store.complete(token, RESPONSE, TTL_MS)).toBe(true);
      expect(await store.claim(key, 'f', LEASE_MS)).toEqual({ state: 'done', response: RESPONSE });
    });

    test.each([
      ['every byte', Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i))],
      ['nothing', Buffer.alloc(0)],
      ['a megabyte', Buffer.alloc(1_048_576, 0xa5)],
    ])('a body of %s is replayed', async (_what, body) => {
      const store = await open();
      const key = newKey();
      const token = tokenOf(await store.claim(key, 'f', LEASE_MS));
      await store.complete(token, { status: 200, headers: {}, body }, TTL_MS);
      const claim = await store.claim(key, 'f', LEASE_MS);
      expect(claim.state === 'done' && claim.response.body !== null && body.equals(claim.response.body)).toBe(true);
    });

    test('a body that was not kept stays apart from an empty one', async () => {
      const store = await open();
      const key = newKey();
      const token = tokenOf(await store.claim(key, 'f', LEASE_MS));
      await store.complete(token, { status: 200, headers: {}, body: null }, TTL_MS);
      expect(await store.claim(key, 'f', LEASE_MS)).toEqual({
        state: 'done',
        response: { status: 200, headers: {}, body: null },
      });
    });

    test('another fingerprint is a mismatch, before and after the answer', async () => {
      const store = await open();
      const key = newKey();
      const token = tokenOf(await store.claim(key, 'f', LEASE_MS));
      expect(await store.claim(key, 'g', LEASE_MS)).toEqual({ state: 'mismatch' });
      await store.complete(token, RESPONSE, TTL_MS);
      expect(await store.claim(key, 'g', LEASE_MS)).toEqual({ state: 'mismatch' });
    });

    test('a released key can be claimed again, and its old token does nothing', async () => {
      const store = await open();
      const key = newKey();
      const old = tokenOf(await store.claim(key, 'f', LEASE_MS));
      await store.release(old);
      const token = tokenOf(await store.claim(key, 'g', LEASE_MS));
      expect(token).not.toBe(old);
      expect(await store.complete(old, RESPONSE, TTL_MS)).toBe(false);
      expect(await store.renew!(old, LEASE_MS)).toBe(false);
      await store.release(old);
      expect(await store.claim(key, 'g', LEASE_MS)).toEqual({ state: 'in-progress' });
      expect(await store.complete(token, RESPONSE, TTL_MS)).toBe(true);
    });

    test('an answered key is neither completed again nor released nor renewed', async () => {
      const store = await open();
      const key = newKey();
      const token = tokenOf(await store.claim(key, 'f', LEASE_MS));
      await store.complete(token, RESPONSE, TTL_MS);
      expect(await store.complete(token, { status: 500, headers: {}, body: null }, TTL_MS)).toBe(false);
      expect(await store.renew!(token, LEASE_MS)).toBe(false);
      await store.release(token);
      expect(await store.claim(key, 'f', LEASE_MS)).toEqual({ state: 'done', response: RESPONSE });
    });

    test('a text that is no token does nothing', async () => {
      const store = await open();
      for (const text of ['', '.', 'x', `x.${newKey()}`]) {
        expect(await store.complete(text, RESPONSE, TTL_MS)).toBe(false);
        await store.release(text);
      }
    });

    test('a lease that ran out is of unknown outcome, and of unknown outcome for everybody', async () => {
      const store = await open({ transactional: false });
      const key = newKey();
      await store.claim(key, 'f', SHORT_MS);
      const again = (): Promise<Claim> => store.claim(key, 'f', LEASE_MS);
      expect(await claimUntil('outcome-unknown', again, SHORT_MS)).toEqual({ state: 'outcome-unknown' });
      expect(await again()).toEqual({ state: 'outcome-unknown' });
      expect(await store.claim(key, 'g', LEASE_MS)).toEqual({ state: 'mismatch' });
    });

    test('an owner that comes back late may still complete, if nobody took over', async () => {
      const store = await open({ transactional: false });
      const key = newKey();
      const token = tokenOf(await store.claim(key, 'f', SHORT_MS));
      await claimUntil('outcome-unknown', () => store.claim(key, 'f', LEASE_MS), SHORT_MS);
      expect(await store.complete(token, RESPONSE, TTL_MS)).toBe(true);
      expect((await store.claim(key, 'f', LEASE_MS)).state).toBe('done');
    });

    test('taking over fences the old owner, and one of many takes over', async () => {
      const store = await open({ transactional: false });
      const key = newKey();
      const old = tokenOf(await store.claim(key, 'f', SHORT_MS));
      await claimUntil('outcome-unknown', () => store.claim(key, 'f', LEASE_MS), SHORT_MS);
      const claims = await Promise.all(Array.from({ length: 20 }, () => store.takeOver!(key, 'f', LEASE_MS)));
      const taken = claims.filter(({ state }) => state === 'claimed');
      expect(taken).toHaveLength(1);
      expect(await store.complete(old, RESPONSE, TTL_MS)).toBe(false);
      expect(await store.complete(tokenOf(taken[0]!), RESPONSE, TTL_MS)).toBe(true);
    });

    test('nothing is taken over that is in progress, answered or of another request', async () => {
      const store = await open();
      const key = newKey();
      const token = tokenOf(await store.claim(key, 'f', LEASE_MS));
      expect(await store.takeOver!(key, 'f', LEASE_MS)).toEqual({ state: 'in-progress' });
      expect(await store.takeOver!(key, 'g', LEASE_MS)).toEqual({ state: 'mismatch' });
      await store.complete(token, RESPONSE, TTL_MS);
      expect((await store.takeOver!(key, 'f', LEASE_MS)).state).toBe('done');
    });

    test('a renewed lease holds; one renewed to 0 is over at once', async () => {
      const store = await open({ transactional: false });
      const key = newKey();
      const token = tokenOf(await store.claim(key, 'f', SHORT_MS));
      expect(await store.renew!(token, LEASE_MS)).toBe(true);
      subject.advance?.(SHORT_MS + 1);
      // Where the clock is a server's, another key's lease of the same length tells that the time is over.
      const other = newKey();
      await store.claim(other, 'f', SHORT_MS);
      await claimUntil('outcome-unknown', () => store.claim(other, 'f', LEASE_MS), SHORT_MS);
      expect(await store.claim(key, 'f', LEASE_MS)).toEqual({ state: 'in-progress' });
      expect(await store.renew!(token, 0)).toBe(true);
      expect(await store.claim(key, 'f', LEASE_MS)).toEqual({ state: 'outcome-unknown' });
    });

    test('an answer is forgotten after its time, and its key is new', async () => {
      const store = await open();
      const key = newKey();
      await store.complete(tokenOf(await store.claim(key, 'f', LEASE_MS)), RESPONSE, SHORT_MS);
      expect((await store.claim(key, 'f', LEASE_MS)).state).toBe('done');
      const claim = await claimUntil('claimed', () => store.claim(key, 'g', LEASE_MS), SHORT_MS);
      expect(await store.complete(tokenOf(claim), RESPONSE, TTL_MS)).toBe(true);
    });

    test('an unknown outcome is forgotten after its time', async () => {
      const store = await open({ transactional: false, unknownTtlMs: SHORT_MS });
      const key = newKey();
      await store.claim(key, 'f', 1);
      const claim = await claimUntil('claimed', () => store.claim(key, 'g', LEASE_MS), SHORT_MS + 1);
      expect(claim.state).toBe('claimed');
    });

    if (subject.isShared)
      test('what one store keeps another replays', async () => {
        const [one, other] = [await open(), await open()];
        const key = newKey();
        const token = tokenOf(await one.claim(key, 'f', LEASE_MS));
        expect(await other.claim(key, 'f', LEASE_MS)).toEqual({ state: 'in-progress' });
        expect(await other.complete(token, RESPONSE, TTL_MS)).toBe(true);
        expect(await one.claim(key, 'f', LEASE_MS)).toEqual({ state: 'done', response: RESPONSE });
      });
  });

  if (!subject.isTransactional) return;
  describe(`${name}: transactions`, () => {
    test('a lost claim runs again where all is in transactions, and fences the old owner', async () => {
      const store = await open({ transactional: true });
      const key = newKey();
      const old = tokenOf(await store.claim(key, 'f', SHORT_MS));
      const claim = await claimUntil('claimed', () => store.claim(key, 'f', LEASE_MS), SHORT_MS);
      expect(await store.complete(old, RESPONSE, TTL_MS)).toBe(false);
      if (!isTransactional(store)) throw new Error('not transactional');
      const late = await store.begin();
      expect(await late.commit({ token: old, response: RESPONSE, ttlMs: TTL_MS })).toBe(false);
      const now = await store.begin();
      expect(await now.commit({ token: tokenOf(claim), response: RESPONSE, ttlMs: TTL_MS })).toBe(true);
      expect((await store.claim(key, 'f', LEASE_MS)).state).toBe('done');
    });

    test('a claim that was not transactional is not run again by a store that is', async () => {
      const careful = await open({ transactional: false });
      const store = await open({ transactional: true });
      const key = newKey();
      await careful.claim(key, 'f', SHORT_MS);
      const claim = await claimUntil('outcome-unknown', () => store.claim(key, 'f', LEASE_MS), SHORT_MS);
      expect(claim).toEqual({ state: 'outcome-unknown' });
    });

    test('nothing lost is run again unless somebody said so', async () => {
      const store = await open();
      const key = newKey();
      await store.claim(key, 'f', SHORT_MS);
      const claim = await claimUntil('outcome-unknown', () => store.claim(key, 'f', LEASE_MS), SHORT_MS);
      expect(claim).toEqual({ state: 'outcome-unknown' });
    });

    test('a lost claim runs again when it was made so, or made so while it was held', async () => {
      const store = await open();
      if (!isTransactional(store)) throw new Error('not transactional');
      const [made, allowed, late] = [newKey(), newKey(), newKey()];
      await store.claim(made, 'f', SHORT_MS, true);
      const token = tokenOf(await store.claim(allowed, 'f', SHORT_MS, false));
      expect(await store.allowRerun!(token)).toBe(true);
      for (const key of [made, allowed])
        expect((await claimUntil('claimed', () => store.claim(key, 'f', LEASE_MS), SHORT_MS)).state).toBe('claimed');
      expect(await store.allowRerun!(token)).toBe(false);
      const done = tokenOf(await store.claim(late, 'f', LEASE_MS));
      await store.complete(done, RESPONSE, TTL_MS);
      expect(await store.allowRerun!(done)).toBe(false);
    });

    test('what is rolled back leaves the key as it was', async () => {
      const store = await open();
      const key = newKey();
      const token = tokenOf(await store.claim(key, 'f', LEASE_MS));
      if (!isTransactional(store)) throw new Error('not transactional');
      await (await store.begin()).rollback();
      expect(await store.claim(key, 'f', LEASE_MS)).toEqual({ state: 'in-progress' });
      expect(await store.complete(token, RESPONSE, TTL_MS)).toBe(true);
    });
  });
}

let keys = 0;

/** A key that no other test uses, with every character a key may have. */
export function newKey(): string {
  return `${process.pid}-${++keys} !#~{}'$1\\"`;
}

/** The token of a claim that must have succeeded. */
export function tokenOf(claim: Claim): string {
  if (claim.state !== 'claimed') throw new Error(`The claim says ${claim.state}`);
  return claim.token;
}
