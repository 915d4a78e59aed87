import { expect, test } from 'vitest';
import { keptHeaders } from './headers.ts';

test('credentials, fields of the connection and of the moment are not kept', () => {
  const headers = {
    'Content-Type': 'text/plain',
    'set-cookie': ['a=b'],
    connection: 'close, X-Hop',
    'x-hop': '1',
    date: 'now',
    'transfer-encoding': 'chunked',
    'content-length': 5,
    etag: '"x"',
    link: ['<a>', '<b>'],
    'x-count': 3,
    absent: undefined,
  };
  const kept = { 'content-type': 'text/plain', etag: '"x"', link: ['<a>', '<b>'], 'x-count': '3' };
  expect(keptHeaders(headers, undefined)).toEqual(kept);
});

test('the application may refuse more, and cannot allow Set-Cookie', () => {
  const asked: string[] = [];
  const kept = keptHeaders({ 'set-cookie': 'a', 'x-request-id': '1', etag: '2' }, (name) => {
    asked.push(name);
    return name !== 'x-request-id';
  });
  expect([kept, asked]).toEqual([{ etag: '2' }, ['x-request-id', 'etag']]);
});
