import { expect, test } from 'vitest';
import { idempotency } from './idempotency.ts';
import type { IdempotencyOptions } from './options.ts';
import { memoryStore } from './stores/memory.ts';

test.each(['ttlMs', 'leaseMs', 'maxResponseBytes', 'maxRequestBytes'])('%s must be a positive number', (name) => {
  for (const value of [0, -1, Number.NaN, Infinity, '5'])
    expect(() => idempotency({ store: memoryStore(), [name]: value } as IdempotencyOptions)).toThrow(
      `idempotency: ${name} must be a positive number, not ${value}`,
    );
});

test('a store is needed', () => {
  expect(() => idempotency({} as IdempotencyOptions)).toThrow('store is missing');
});
