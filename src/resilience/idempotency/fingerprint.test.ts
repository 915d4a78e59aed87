import { expect, test } from 'vitest';
import { canonical, fingerprint } from './fingerprint.ts';

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
