import { expect, it } from 'vitest';
import { judge } from './testing/read.ts';

it('takes a constant IP-ID that the SYN of the same host carried already for no copy', () => {
  expect([isCopied(9), isCopied(1)]).toEqual([true, false]);
});

/** A SYN+ACK with the IP-ID 1, answered by a RST that carries the same. */
function isCopied(synId: number): boolean {
  const { mechanism } = judge(`0 > S id=${synId}\n1 < SA id=1\n1.1 > R seq=1 win=0 id=1`);
  return mechanism.evidence.some(({ fact }) => fact === 'ip-id-copied');
}
