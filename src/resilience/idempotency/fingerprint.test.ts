import { describe, expect, test } from 'vitest';
import { canonical, fingerprint, isSameRequest, quickFingerprint } from './fingerprint.ts';

test('every part counts, and none runs into the next', () => {
  const prints = [
    fingerprint('POST', '/a', 't', 'b'),
    fingerprint('PATCH', '/a', 't', 'b'),
    fingerprint('POST', '/a?', 't', 'b'),
    fingerprint('POST', '/a', 'tb', ''),
    fingerprint('POST', '/a', '', 'tb'),
    fingerprint('POST', '/a', 't', 'b\n'),
    fingerprint('POST', '/a', 't\nb', ''),
  ];
  expect(new Set(prints).size).toBe(prints.length);
});

test('bytes and the same text are one, small and large', () => {
  for (const text of ['', 'hällo', 'x'.repeat(100_000)])
    expect(fingerprint('POST', '/', '', Buffer.from(text))).toBe(fingerprint('POST', '/', '', text));
});

test('the order of members does not count, that of items does', () => {
  expect(canonical({ b: 1, a: { d: [1, 2], c: null } })).toBe(canonical({ a: { c: null, d: [1, 2] }, b: 1 }));
  expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
});

test('what is not the same does not look the same', () => {
  const values = [
    {},
    [],
    '',
    '{}',
    null,
    0,
    '0',
    { a: undefined, b: 1 },
    { a: null },
    { 'a":1,"b': 2 },
    { a: 1, b: 2 },
    Buffer.from('{}'),
    [undefined, 1],
    10n,
  ];
  expect(new Set(values.map(canonical)).size).toBe(values.length);
  expect(canonical({ a: undefined, b: 1 })).toBe(canonical({ b: 1 }));
});

test('dates and the like count as JSON has them', () => {
  expect(canonical({ at: new Date(0) })).toBe(canonical({ at: '1970-01-01T00:00:00.000Z' }));
});

test('a body nested too deep is refused, not a crash', () => {
  let body: unknown = 1;
  for (let i = 0; i < 100_000; i++) body = [body];
  expect(() => canonical(body)).toThrow('nested deeper');
});

describe('compared without a digest', () => {
  test('the order of members does not count, all else does', () => {
    const one = quick({ a: 1, b: { c: 2, d: 3 } });
    expect(isSameRequest(one, quick({ a: 1, b: { c: 2, d: 3 } }))).toBe(true);
    expect(isSameRequest(one, quick({ b: { d: 3, c: 2 }, a: 1 }))).toBe(true);
    for (const other of [quick({ a: 1, b: { c: 2, d: 4 } }), quick({ a: 1 }), quick({ b: { d: 3, c: 2 }, a: 1 }, '/x')])
      expect(isSameRequest(one, other)).toBe(false);
  });

  test('large bodies, and those that JSON cannot write, become digests', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(quickFingerprint('POST', '/', '', { parsed: { a: 1 }, bytes: 5000 })).toMatch(/^[0-9a-f]{64}$/);
    expect(quickFingerprint('POST', '/', '', { parsed: { a: 1 }, bytes: Number.NaN })).toMatch(/^[0-9a-f]{64}$/);
    expect(quick({ big: 1n })).toMatch(/^[0-9a-f]{64}$/);
    expect(() => quick(cycle)).toThrow('nested deeper');
    expect(isSameRequest(quick({ big: 1n }), quick({ big: 2n }))).toBe(false);
    expect(isSameRequest(quick({ big: 1n }), quick({ small: 1 }))).toBe(false);
  });
});

function quick(parsed: unknown, url = '/'): string {
  return quickFingerprint('POST', url, '', { parsed, bytes: 100 });
}
