/** Facts of a failed request on a fresh, plain connection; each test changes what it is about. */
import type { Facts } from '../record.ts';

/** A GET whose answer was a reset. */
export function facts(changes: Partial<Facts> = {}): Facts {
  return {
    at: '2026-01-01T00:00:00.000Z',
    code: 'ECONNRESET',
    message: 'read ECONNRESET',
    syscall: 'read',
    condition: 'reset',
    phase: 'request',
    side: 'client',
    peer: { host: 'api.test', address: '192.0.2.1', port: 443 },
    localPort: 50_000,
    pipe: null,
    tls: false,
    tlsEstablished: null,
    protocol: 'http/1',
    ageMs: 70_000,
    sinceConnectMs: 70_001,
    idleMs: null,
    reused: false,
    servedBefore: 0,
    request: { method: 'GET', path: '/' },
    requestMs: 3,
    bytesRead: 0,
    bytesWritten: 100,
    lastFromPeer: 'rst',
    finSeen: false,
    endedHere: false,
    ...changes,
  };
}
