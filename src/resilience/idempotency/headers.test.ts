import { expect, test } from 'vitest';
import { HeaderKeeper, keptHeaders } from './headers.ts';

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

test('every answer has its own fields, whatever the one before it had', () => {
  const keeper = new HeaderKeeper(undefined);
  const answers = [
    { etag: '1' },
    { etag: '2' },
    { etag: '2', age: '1' },
    { etag: '2', vary: 'a' },
    { vary: 'a' },
    {},
    { link: ['<a>'] },
    { link: ['<b>'] },
    { etag: undefined },
  ];
  for (const answer of [...answers, ...answers.toReversed()])
    expect(keeper.keep(answer)).toEqual(keptHeaders(answer, undefined));
});

test('what changes after is not what was kept', () => {
  const keeper = new HeaderKeeper(undefined);
  const link = ['<a>'];
  const answer: Record<string, string | string[]> = { etag: '1', link };
  const kept = keeper.keep(answer);
  answer['etag'] = '2';
  answer['content-encoding'] = 'gzip';
  link.push('<b>');
  expect(kept).toEqual({ etag: '1', link: ['<a>'] });
  expect(keeper.keep(answer)).toEqual({ etag: '2', 'content-encoding': 'gzip', link: ['<a>', '<b>'] });
});

test('equal fields in a row share one object', () => {
  const keeper = new HeaderKeeper(undefined);
  const kept = keeper.keep({ 'content-type': 'text/plain', date: 'now' });
  expect(keeper.keep({ 'content-type': 'text/plain', date: 'now' })).toBe(kept);
});
