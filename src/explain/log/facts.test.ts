import { describe, expect, it } from 'vitest';
import { matchLine } from '../match.ts';
import { readFacts, readPeer } from './facts.ts';

const HAPROXY =
  '10.0.0.9:40000 [20/Nov/2026:10:00:00.123] fe~ app/web1 0/0/1/-1/30001 504 512 - - sH-- 1/1/0/0/0 0/0 "GET /r/7?x=1 HTTP/1.1"';
const ENVOY =
  '[2026-11-20T10:00:00.000Z] "GET /api/7 HTTP/1.1" 503 UC 812 95 4 - "-" "curl/8" "8d1f" "api" "10.2.0.4:8080"';

describe('readFacts', () => {
  it.each([
    [HAPROXY, { waitMs: 30_001, isIdle: false, request: 'GET /r/:id' }],
    [ENVOY, { waitMs: 4, bytes: 812, isRequestSize: true, request: 'GET /api/:id' }],
    ['conn=7 reset after 60.002 s', { waitMs: 60_002, isIdle: false, connections: ['conn 7'] }],
    ['idle=350s closed', { waitMs: 350_000, isIdle: true }],
    ['duration=5', { waitMs: null }],
    ['duration=5000', { waitMs: 5000 }],
    ['request_time=0.250 request_length=91', { waitMs: 250, bytes: 91, isRequestSize: true }],
    ['bytes=91', { bytes: 91, isRequestSize: false }],
    ['client intended to send too large body: 5000000 bytes', { bytes: 5_000_000, isRequestSize: true }],
    ['[error] 8#8: *17 recv() failed', { connections: ['8*17'] }],
    [
      'read tcp 10.0.0.1:41000->[2001:db8::5]:443',
      {
        tokens: [
          { address: '10.0.0.1', port: 41_000 },
          { address: '2001:db8::5', port: 443 },
        ],
      },
    ],
    ['version 1.2.3.4.5 at 12:00:00', { tokens: [] }],
  ])('%s', (line, expected) => {
    expect(readFacts(line)).toMatchObject(expected);
  });

  it('is linear enough on hostile lines', () => {
    for (const part of ['[:', '1.', 'idle ', '" ', 'GET /', '0/', 'upstream: "', 'aaaa:'])
      expect(readFacts(part.repeat(40_000)).tokens.length).toBeLessThanOrEqual(12);
  });
});

describe('readPeer', () => {
  it.each([
    [HAPROXY, 'upstream app/web1'],
    [HAPROXY.replace('sH--', 'CD--'), 'client 10.0.0.9'],
    [ENVOY, 'upstream 10.2.0.4:8080'],
    ['read tcp 10.0.0.1:41000->10.0.0.5:443: read: connection reset by peer', 'remote 10.0.0.5:443'],
    ['10.0.0.9 - - [20/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 502 157', 'client 10.0.0.9'],
    [
      '10.0.0.9 - - [20/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 502 157 upstream_addr=10.0.1.5:80',
      'upstream 10.0.1.5:80',
    ],
    ['10.0.0.9 - - [20/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 499 0 upstream_addr=10.0.1.5:80', 'client 10.0.0.9'],
    ['Error: read ECONNRESET', 'none '],
  ])('%s', (line, expected) => {
    const match = matchLine(line);
    expect(match).not.toBeNull();
    const { side, address } = readPeer(line, match!, readFacts(line).tokens);
    expect(`${side} ${address}`).toBe(expected);
  });
});
