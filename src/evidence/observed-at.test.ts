import { describe, expect, it } from 'vitest';
import type { WritablePacket } from '../capture/write.ts';
import { readPackets } from '../causes/testing/read.ts';
import { conversation, type ConversationOptions } from '../flow/testing/conversation.ts';

const LINES = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < RA';
const CAME_IN = 1;
const WENT_OUT = 2;
type Ways = readonly (0 | 1 | 2)[];

/** Where the capture is said to have been taken; `ways` are the directions of the client's and the server's packets. */
function observedAt(options: ConversationOptions, [client = 0, server = 0]: Ways = []): string {
  const packets = conversation(LINES, options).map((packet): WritablePacket => ({
    ...packet,
    direction: packet.bytes[14 + 15] === 9 ? client : server,
  }));
  return readPackets(packets).resets[0]!.observedAt;
}

describe('observedAt', () => {
  it('is the side whose TTL is untouched', () => {
    expect(observedAt({ clientTtl: 64, serverTtl: 61 })).toBe('client');
    expect(observedAt({ clientTtl: 57, serverTtl: 64 })).toBe('server');
  });
  it('is between where both TTLs were lowered', () => {
    expect(observedAt({ clientTtl: 57, serverTtl: 61 })).toBe('between');
  });
  it('is unknown on one segment, unless the capture tells what went out', () => {
    const neighbours = { clientTtl: 64, serverTtl: 64 };
    expect(observedAt(neighbours)).toBe('unknown');
    expect(observedAt(neighbours, [WENT_OUT, CAME_IN])).toBe('client');
    expect(observedAt(neighbours, [CAME_IN, WENT_OUT])).toBe('server');
    expect(observedAt(neighbours, [CAME_IN, CAME_IN])).toBe('unknown');
  });
  it('does not take a router for an end: what it sends on has lost a hop', () => {
    expect(observedAt({ clientTtl: 63, serverTtl: 61 }, [CAME_IN, WENT_OUT])).toBe('between');
  });
});
