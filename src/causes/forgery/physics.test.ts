import { describe, expect, it } from 'vitest';
import type { WritablePacket } from '../../capture/write.ts';
import { readCapture } from '../../collect/read-capture.ts';
import { conversation } from '../../flow/testing/conversation.ts';
import type { Reset } from '../../report/types.ts';
import type { ResetCase } from '../define.ts';
import { firewallReject } from '../firewall-reject.ts';
import { population } from '../testing/facts.ts';
import { judge, judgePackets, type Verdict } from '../testing/read.ts';

/** Three exchanges over 40 ms. */
const OPEN = `
0     > S
40    < SA
40.1  > A
50    > PA len=4
90    < PA len=4
90.1  > A
100   > PA len=4
140   < PA len=4
140.1 > A
150   > PA len=4
190   < PA len=4
190.1 > A
`;
const facts = ({ mechanism }: Verdict): string[] => mechanism.evidence.map(({ fact }) => fact);
const CAME_IN = 1;
const WENT_OUT = 2;

describe('direction', () => {
  /** As a capture on the client shows it: the server's packets come in; `rst` is the direction of the last packet. */
  function seenAtClient(lines: string, rst: 0 | 1 | 2): Verdict {
    const packets = conversation(OPEN + lines);
    const directed = packets.map((packet, i): WritablePacket => ({
      ...packet,
      direction: i === packets.length - 1 ? rst : isFromClient(packet) ? WENT_OUT : CAME_IN,
    }));
    return judgePackets(directed)[0]!;
  }
  it('contradicts when a RST of the far side goes out of the capturing host', () => {
    const verdict = seenAtClient('200 > PA len=4\n240 < R', WENT_OUT);
    expect(facts(verdict)).toContain('direction-contradicts');
    expect(verdict.mechanism.actor).toBe('unknown');
  });
  it('names a filter on this host when the far side talks on, too', () => {
    const packets = conversation(`${OPEN}200 > PA len=4\n240 < R\n600 < PA len=4\n600.1 > R`);
    const directed = packets.map((packet, i): WritablePacket => ({
      ...packet,
      direction: i === packets.length - 3 || isFromClient(packet) ? WENT_OUT : CAME_IN,
    }));
    const [verdict] = judgePackets(directed);
    expect(verdict!.mechanism).toMatchObject({ mechanism: 'in-path-answer', level: 'likely', actor: 'middlebox' });
    expect(verdict!.cause).toMatchObject({ id: 'firewall-reject', level: 'likely' });
  });
  it.each([
    ['it comes in like the others', CAME_IN],
    ['the capture does not say', 0],
  ] as const)('says nothing when %s', (_name, direction) => {
    expect(facts(seenAtClient('200 > PA len=4\n240 < R', direction))).not.toContain('direction-contradicts');
  });
  it('says nothing on a router, where every packet comes in and goes out', () => {
    const packets = conversation(`${OPEN}200 > PA len=4\n240 < R`);
    const twice = packets.flatMap((packet, i): WritablePacket[] => [
      ...(i === packets.length - 1 ? [] : [{ ...packet, direction: CAME_IN }]),
      { ...packet, nanos: packet.nanos + 5000, direction: WENT_OUT },
    ]);
    for (const verdict of judgePackets(twice)) expect(facts(verdict)).not.toContain('direction-contradicts');
  });
});

describe('distance', () => {
  it('a bare RST that comes far sooner than the host is away is not its own', () => {
    const verdict = judge(`${OPEN}5000 > PA len=4\n5001 < R`);
    expect(facts(verdict)).toContain('answers-too-early');
    expect(verdict.mechanism.actor).toBe('unknown');
  });
  it('alone accuses nobody, and with a host that talks on it stays open who answered', () => {
    const verdict = judge(`${OPEN}5000 > PA len=4\n5001 < R\n5200 < PA len=4\n5200.1 > R`);
    expect(verdict.mechanism).toMatchObject({ mechanism: 'in-path-answer', level: 'possible' });
    expect(verdict.cause).toMatchObject({
      level: 'possible',
      group: expect.arrayContaining(['firewall-reject', 'state-mismatch']),
    });
  });
  it.each([
    ['a round trip later', '200 > PA len=4\n240 < R'],
    [
      'it may answer an earlier segment with the same acknowledgement',
      '180 > PA len=4\n200 > PA len=4\n220 < R seq=13',
    ],
    ['it may answer the acknowledgement before', '195 > PA len=4\n231 < R'],
    ['an abort, which answers nothing', '5000 > PA len=4\n5001 < RA'],
  ])('says nothing: %s', (_name, lines) => {
    expect(facts(judge(OPEN + lines))).not.toContain('answers-too-early');
  });
  it('says nothing when the host is near: hosts and captures jitter by more', () => {
    const near = `0 > S\n2 < SA\n2.1 > A\n3 > PA len=4\n5 < PA len=4\n6 > PA len=4\n8 < PA len=4\n9 > PA len=4\n11 < PA len=4\n11.1 > A\n`;
    expect(facts(judge(`${near}5000 > PA len=4\n5000.2 < R`))).not.toContain('answers-too-early');
  });
  it('RSTs of one form and several TTLs, from a host of which nothing else is known, are noted', () => {
    const verdict = judge('0 > S\n1 < RA rawseq=0 win=1980 ts=off ttl=40\n1.1 < RA rawseq=0 win=1981 ts=off ttl=41');
    expect(facts(verdict)).toContain('ttl-varies');
  });
  it('says nothing of one RST captured at two places', () => {
    const verdict = judge(
      '0 > S\n1 < RA rawseq=0 win=0 ts=off ttl=64 id=0\n1.1 < RA rawseq=0 win=0 ts=off ttl=63 id=0',
    );
    expect(facts(verdict)).not.toContain('ttl-varies');
  });
});

describe('an unfinished checksum', () => {
  it('shows a REJECT on the machine of the capture', async () => {
    const reset = await read('fires-on-loopback.pcap');
    expect(reset.evidence.map(({ fact }) => fact)).toContain('partial-checksum');
    expect(reset.cause).toMatchObject({ id: 'firewall-reject', level: 'likely' });
  });
  it('shows a REJECT of the client host itself, whose request never left it', async () => {
    const reset = await read('fires-on-the-way-out.pcap');
    expect(reset.evidence.map(({ fact }) => fact)).toContain('partial-checksum');
    expect(reset).toMatchObject({ cause: { id: 'firewall-reject', level: 'likely' }, sender: { actor: 'middlebox' } });
  });
  it('is a filter of the very host that it names when both are one, or when it leaves that host as all else does', async () => {
    const reset = await read('fires-on-loopback.pcap');
    expect(reset.sender).toMatchObject({ actor: 'endpoint', role: 'firewall', level: 'likely' });
    const atServer = ownFilter((packet) => (isFromClient(packet) ? CAME_IN : WENT_OUT));
    expect(atServer.mechanism).toMatchObject({ mechanism: 'in-path-answer', actor: 'endpoint', actorLevel: 'likely' });
    expect(firewallReject.tell(toCase(atServer))).toContain('a packet filter of that host answered');
    expect(ownFilter(() => 0).mechanism).toMatchObject({ mechanism: 'in-path-answer', actor: 'middlebox' });
  });
  it('is not found on the kernel’s own answer, there and then', async () => {
    const reset = await read('quiet-forgotten-on-loopback.pcap');
    expect(reset.evidence.map(({ fact }) => fact)).not.toContain('partial-checksum');
    expect(reset.sender.actor).toBe('endpoint');
  });
  it('says nothing of a host that counts no IP-IDs, as BSD and macOS, whose own answers are unfinished, too', () => {
    const packets = unfinished(conversation(`${OPEN}200 > PA len=4\n240 < R`), (packet) => !isFromClient(packet));
    expect(facts(judgePackets(packets)[0]!)).not.toContain('partial-checksum');
  });
});

/** The verdict on a bare RST of the server with an unfinished checksum, captured with these directions. */
function ownFilter(directionOf: (packet: WritablePacket) => number): Verdict {
  const packets = conversation(`${OPEN}200 > PA len=4\n240 < R`);
  const last = packets.at(-1);
  const directed = unfinished(packets, (packet) => packet === last).map((packet): WritablePacket => {
    return { ...packet, direction: directionOf(packet) };
  });
  return judgePackets(directed)[0]!;
}

function toCase({ facts: reset, mechanism }: Verdict): ResetCase {
  return { facts: reset, mechanism, population: population([reset]) };
}

async function read(name: string): Promise<Reset> {
  const path = new URL(`../../../test/captures/firewall-reject/${name}`, import.meta.url).pathname;
  return (await readCapture(path)).resets[0]!;
}

function isFromClient({ bytes }: WritablePacket): boolean {
  return bytes[14 + 15] === 9;
}

/** Clears IP-IDs and leaves only the pseudo header's sum in the checksum of the chosen packets. */
function unfinished(packets: readonly WritablePacket[], chosen: (packet: WritablePacket) => boolean): WritablePacket[] {
  return packets.map((packet) => {
    if (!chosen(packet)) return packet;
    const bytes = packet.bytes.slice();
    const view = new DataView(bytes.buffer);
    view.setUint16(14 + 4, 0);
    let sum = 6 + view.getUint16(14 + 2) - 20;
    for (let at = 14 + 12; at < 14 + 20; at += 2) sum += view.getUint16(at);
    view.setUint16(14 + 20 + 16, (sum & 0xffff) + (sum >>> 16));
    return { ...packet, bytes };
  });
}
