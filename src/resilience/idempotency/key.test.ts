import { expect, test } from 'vitest';
import { quotedKey, unquoted } from './key.ts';

test.each([
  ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['  "a b"  ', 'a b'],
  ['"a, b"', 'a, b'],
  [String.raw`"say \"hi\" \\ "`, String.raw`say "hi" \ `],
  ['"k"; v=1; flag', 'k'],
  ['order:42/a=b', 'order:42/a=b'],
  [`"${'x'.repeat(255)}"`, 'x'.repeat(255)],
])('%s is the key %s', (value, key) => {
  const quoted = quotedKey(value)!;
  expect(unquoted(quoted)).toBe(key);
  expect(quoted).toBe(`"${key}"`);
});

test.each([
  '',
  '""',
  '"',
  '"a',
  'a"',
  '"a" "b"',
  '"a", "b"',
  'a, b',
  'a b',
  'a;b',
  String.raw`"\n"`,
  '"ä"',
  'ä',
  '"a\u0000"',
  'x'.repeat(256),
  `"${'x'.repeat(256)}"`,
])('%j is malformed', (value) => {
  expect(quotedKey(value)).toBeNull();
});

test('a hostile value takes no time', () => {
  // Each would take years if the expression could split it in two ways.
  for (const part of ['\\"', ';', '; ', ';a', ';a=b', ';a=', ' ', '*', 'a'])
    for (const [before, after] of [
      ['"', ''],
      ['"a"', ' x'],
      ['', '"'],
    ] as const)
      expect(quotedKey(before + part.repeat(300) + after)).toBeNull();
});
