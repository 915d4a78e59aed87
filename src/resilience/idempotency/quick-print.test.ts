import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from './fingerprint.ts';
import { quickPrint } from './quick-print.ts';

function print(body: unknown, url = '/', method = 'POST'): string {
  return quickPrint(method, url, body);
}

/** As a body parser makes it anew for every request, the members in reverse. */
function reversed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

test('the same request again has the same print, in whatever order its members are', () => {
  fc.assert(fc.property(fc.jsonValue(), (body) => print(reversed(body)) === print(body)));
});

test('bodies that differ canonically differ', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) =>
      canonical(one) === canonical(other) ? print(one) === print(other) : print(one) !== print(other),
    ),
    { numRuns: 2000 },
  );
});

test('what looks alike differs', () => {
  const bodies = [
    null,
    true,
    false,
    0,
    1,
    -1,
    0.5,
    1e300,
    2 ** 31,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    '0',
    '1',
    'null',
    [],
    [[]],
    [[], []],
    [null],
    [1],
    ['1'],
    [1, 2],
    [2, 1],
    [12],
    ['ab', 'c'],
    ['a', 'bc'],
    [[1], 2],
    [[1, 2]],
    ['\u0001', null],
    [null, '\u0001'],
    [1, [2]],
    {},
    { a: {} },
    { a: null },
    { a: 1 },
    { a: '1' },
    { b: 1 },
    { ab: 'c' },
    { a: 'bc' },
    { a: 1, b: 2 },
    { a: 2, b: 1 },
    { a: { b: 1 }, c: 2 },
    { a: { b: 1, c: 2 } },
    { a: { c: 2 }, b: 1 },
    [{ a: 1 }, { b: 2 }],
    [{ b: 2 }, { a: 1 }],
    JSON.parse('{"__proto__": 1}'),
    JSON.parse('{"__proto__": 2}'),
    1n,
    new Date(0),
    new Date(1),
    Buffer.from('a'),
    Buffer.from('b'),
    Buffer.alloc(0),
    new Uint8Array([1]),
    { 0: 1 },
    'ä',
    'a\u0308',
    '\ud83d\ude00',
  ];
  expect(new Set(bodies.map((body) => print(body))).size).toBe(bodies.length);
});

test('method and target count, and none runs into the next', () => {
  const prints = [print(''), print('', '/a'), print('a', '/'), print('', '/', 'PATCH'), print('', 'T/', 'POS')];
  expect(new Set(prints).size).toBe(prints.length);
});

test('members that have no value do not count', () => {
  expect(print({ a: undefined, b: 1 })).toBe(print({ b: 1 }));
  expect(print(-0)).toBe(print(0));
});

test('no two of many small differences agree', () => {
  const seen = new Set<string>();
  for (let order = 0; order < 50_000; order++) {
    seen.add(print({ order, lines: [{ item: 1, count: 1 }] }));
    seen.add(print({ order: 1, lines: [{ item: order + 2, count: 1 }] }));
    seen.add(print({ order: `${order}`, lines: [] }));
  }
  expect(seen.size).toBe(150_000);
});

test.each([
  ['one member', (i: number) => ({ id: i })],
  ['two members', (i: number) => ({ left: i % 500, right: Math.floor(i / 500) })],
  ['two texts', (i: number) => ({ left: `${i % 500}`, right: `${Math.floor(i / 500)}` })],
  ['items', (i: number) => [i % 500, Math.floor(i / 500)]],
])('each half alone tells requests apart that differ in %s: no more meet than chance lets', (_what, body) => {
  const [first, second] = [new Set<string>(), new Set<string>()];
  const many = 250_000;
  for (let i = 0; i < many; i++) {
    const text = print(body(i));
    first.add(text.slice(0, 2));
    second.add(text.slice(2));
  }
  // Of 32 bits 7.3 meetings are to be expected; 40 would be seen once in 10^16 runs.
  expect(many - first.size).toBeLessThan(40);
  expect(many - second.size).toBeLessThan(40);
});

test('a body nested too deep is refused, not a crash', () => {
  let body: unknown = 1;
  for (let i = 0; i < 100_000; i++) body = [body];
  expect(() => print(body)).toThrow('nested deeper');
  expect(print({ after: 1 })).toBe(print({ after: 1 }));
});

test('a getter that throws leaves nothing behind', () => {
  const before = print({ a: 1 });
  const body = {
    get a(): number {
      throw new Error('no');
    },
  };
  expect(() => print(body)).toThrow('no');
  expect(print({ a: 1 })).toBe(before);
});
