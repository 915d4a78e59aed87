import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadStatement } from './rst-payload.ts';

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function said(payload: Uint8Array, length: number = payload.length): ReturnType<typeof payloadStatement> {
  return payloadStatement(payload, length);
}

describe('the diagnostic payload', () => {
  it('gives a reason of the registry', () => {
    expect(said(bytes(0x33, 0xaa, 0, 14, 0, 0, 0, 0))).toMatchObject({
      form: 'diagnostic-payload',
      code: 14,
      says: 'reason 14, connection timeout',
    });
  });
  it('gives one of an enterprise, which only that one can read', () => {
    // The draft's example: code 1234, enterprise 32473.
    expect(said(bytes(0x33, 0xaa, 0x04, 0xd2, 0, 0, 0x7e, 0xd9))).toMatchObject({
      code: -1,
      says: 'reason 1234 of enterprise 32473',
    });
  });
  it('knows that a reason is not in the registry', () => {
    expect(said(bytes(0x33, 0xaa, 0, 99, 0, 0, 0, 0))?.says).toBe('reason 99, not in the registry');
  });
  it.each([
    ['another length', bytes(0x33, 0xaa, 0, 14, 0, 0, 0), 7],
    ['more bytes on the wire than were captured', bytes(0x33, 0xaa, 0, 14, 0, 0, 0, 0), 12],
    ['the reserved reason', bytes(0x33, 0xaa, 0, 0, 0, 0, 0, 0), 8],
    ['another magic number', bytes(0x33, 0xab, 0, 14, 0, 0, 0, 0), 8],
  ])('is none with %s', (_name, payload, length) => {
    expect(said(payload, length)).toMatchObject({ form: 'bytes', code: -1 });
  });
});

describe('the reset cause of a BIG-IP', () => {
  it('is told apart from where in its source it stands', () => {
    expect(said(text('BIG-IP: [0x2664c65:2574] No flow found for ACK'))).toEqual({
      form: 'big-ip',
      says: 'BIG-IP: [0x2664c65:2574] No flow found for ACK',
      reason: 'No flow found for ACK',
      code: -1,
      device: 'BIG-IP',
      ofPeer: false,
    });
  });
  it('may be that of its other connection', () => {
    expect(said(text('BIG-IP: [0x31ae141:4666] {peer} TCP RST from remote system'))).toMatchObject({
      reason: 'TCP RST from remote system',
      ofPeer: true,
    });
  });
  it('is read where the snap length cut it', () => {
    const whole = text('BIG-IP: [0x2409a71:704] Flow expired (sweeper) (idle timeout)');
    expect(said(whole.subarray(0, 40), whole.length)).toMatchObject({ form: 'big-ip', reason: 'Flow expired (sw' });
  });
});

describe('other payloads', () => {
  it('are text where they can be read, zeros at the end left out', () => {
    expect(said(text('Go away, we are closed\0\0'))).toMatchObject({ form: 'text', says: 'Go away, we are closed' });
  });
  it('are the number of a reason where a thousand bytes hold just that', () => {
    const padded = new Uint8Array(256);
    padded[0] = 14;
    expect(said(padded, 1000)).toMatchObject({ form: 'reason-number', code: 14 });
    padded[200] = 1;
    expect(said(padded, 1000)?.form).toBe('bytes');
  });
  it('are bytes otherwise', () => {
    expect(said(bytes(0x16, 3, 3, 0, 0x7a, 2))).toMatchObject({ form: 'bytes', says: '6 bytes: 16 03 03 00 7a 02' });
  });
  it('are bytes where all of them are zero', () => {
    expect(said(new Uint8Array(6))).toMatchObject({ form: 'bytes', says: '6 bytes: 00 00 00 00 00 00' });
  });
  it('are nothing without a payload', () => {
    expect(said(bytes())).toBeNull();
  });
  it('cannot move the cursor, hide text or grow', () => {
    expect(said(text('all is \u001b[2Jwell, said the firewall, and went on'))?.says).toBe(
      'all is \\x1b[2Jwell, said the firewall, and went on',
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), fc.nat(65_535), (payload, more) => {
        const says = payloadStatement(payload, payload.length + more)?.says ?? '';
        expect(says).toMatch(/^[ -~]*…?$/);
        expect(says.length).toBeLessThan(200);
      }),
    );
  });
});
