import { describe, expect, it } from 'vitest';
import { conversation, type ConversationOptions } from '../flow/testing/conversation.ts';
import type { WritablePacket } from '../capture/write.ts';
import { readConversations } from './testing/read-conversations.ts';
import type { Story } from './types.ts';

const OPEN = '0 > S\n0.1 < SA\n0.2 > A\n';
const ASK = '1 > PA len=9\n2 < PA len=9\n2.1 > A\n';
const CLOSE = '3 > FA\n3.1 < FA\n3.2 > A';

let port = 1024;
function talk(lines: string, options: ConversationOptions = {}): WritablePacket[] {
  port = port >= 60_000 ? 1024 : port + 1;
  return conversation(lines, { clientPort: port, ...options });
}
/** Connections one after the other, `everyMs` apart. */
function many(
  count: number,
  lines: (i: number) => string,
  options: (i: number) => ConversationOptions = () => ({}),
  everyMs = 137,
): WritablePacket[][] {
  return Array.from({ length: count }, (_, i) => talk(lines(i), { startMs: i * everyMs, ...options(i) }));
}
function storyOf(cause: string, lists: readonly (readonly WritablePacket[])[]): Story {
  const stories = readConversations(lists).stories.filter((story) => story.cause === cause);
  if (stories.length !== 1) throw new Error(`${stories.length} stories of ${cause}`);
  return stories[0]!;
}
/** All lines of all stories. */
function contrasts(lists: readonly (readonly WritablePacket[])[]): string {
  return readConversations(lists)
    .stories.flatMap(({ contrast }) => contrast)
    .join('\n');
}

const survivors = (count: number): WritablePacket[][] => many(count, () => OPEN + ASK + CLOSE);
const upload = (bytes: number): string => `${OPEN}1 > PA len=${bytes}\n2 < A\n3 < RA`;

const asking = (count: number, reset: (i: number) => boolean, clients: number): WritablePacket[][] =>
  many(
    count,
    (i) => OPEN + ASK + (reset(i) ? '3 < RA' : CLOSE),
    (i) => ({ client: `10.0.${(i % clients) * 7}.9` }),
    1500,
  );
const over = (isReset: (i: number) => boolean): WritablePacket[][] =>
  many(
    60,
    (i) => OPEN + ASK + (isReset(i) ? '3 < RA' : CLOSE),
    (i) => ({ client: `10.0.${i % 20}.9`, clientTtl: i % 6 === 2 ? 57 : 60 }),
    1500,
  );
const heldUntil = (count: number, endMs: number, options: ConversationOptions = {}): WritablePacket[][] =>
  many(
    count,
    (i) => `${OPEN}${ASK}${endMs - i * 50 + i * 0.5} < RA`,
    () => options,
    50,
  );
const quiet = (ms: number): string => `${OPEN}${ASK}${2.1 + ms} < RA`;
const probe = (startMs: number): WritablePacket[] => talk(`${OPEN}1 > RA`, { startMs });
const refusedAt = (serverPort: number, startMs: number): WritablePacket[] =>
  talk('0 > S\n0.1 < RA seq=0 win=0', { serverPort, startMs });

const repeats = (fromMs: number, len: number): string =>
  [0, 300, 900, 2100, 4500].map((ms) => `${fromMs + ms} > PA len=${len} seq=10`).join('\n');

const hang = `${OPEN}${ASK}${repeats(60_000, 9)}`;

/** The same packet with an IEEE 802.1Q tag. */
function tagged(packet: WritablePacket, vlan: number): WritablePacket {
  const bytes = new Uint8Array(packet.bytes.length + 4);
  bytes.set(packet.bytes.subarray(0, 12));
  bytes.set([0x81, 0, vlan >> 8, vlan & 0xff], 12);
  bytes.set(packet.bytes.subarray(12), 16);
  return { ...packet, bytes, wireLen: bytes.length };
}

describe('only large payloads', () => {
  const small = many(120, (i) => `${OPEN}1 > PA len=${200 + i * 10}\n2 < PA len=9\n2.1 > A\n${CLOSE}`);
  it('are told with the counts of both sides', () => {
    const large = many(9, (i) => upload(1401 + i), undefined, 1500);
    expect(contrasts([...small, ...large])).toContain(
      '9 of 9 carried at least 1401 bytes from the client; 0 of 120 survivors did (the others at most 1390).',
    );
  });
  it('are not claimed where survivors are as large, nor of three against five', () => {
    const mixed = many(9, (i) => upload(300 + i * 100), undefined, 1500);
    expect(contrasts([...small, ...mixed])).not.toContain('bytes from');
    const few = many(3, (i) => upload(5000 + i), undefined, 1500);
    expect(contrasts([...small.slice(0, 5), ...few])).not.toContain('bytes from');
  });
});

describe('one peer only', () => {
  it('is told when one client of many is reset every time', () => {
    expect(contrasts(asking(60, (i) => i % 6 === 2, 6))).toContain(
      '10 of 10 are of the client 10.0.14.9; 0 of 50 survivors are.',
    );
  });
  it('is told of a network, whose clients differ', () => {
    const lists = many(
      60,
      (i) => OPEN + ASK + (i % 6 === 2 ? '3 < RA' : CLOSE),
      (i) => ({ client: i % 6 === 2 ? `10.9.9.${i}` : `10.0.${i}.9` }),
      1500,
    );
    expect(contrasts(lists)).toContain('10 of 10 are of clients in 10.9.9.0/24; 0 of 50 survivors are.');
  });
  it('is not claimed of clients that came once each', () => {
    const lists = many(
      60,
      (i) => OPEN + ASK + (i % 20 === 2 ? '3 < RA' : CLOSE),
      (i) => ({ client: `10.0.${i}.9` }),
      1500,
    );
    expect(contrasts(lists)).not.toMatch(/ of the client|10\.0\.2\.9/);
    expect(contrasts(lists)).toContain('57 other connections to 10.0.0.5:443 carried data both ways and survived');
  });
  it('is told of one server among those of the same port', () => {
    const lists = many(
      80,
      (i) => OPEN + ASK + (i % 4 === 0 ? '3 < RA' : CLOSE),
      (i) => ({ server: `10.0.0.${5 + (i % 4)}` }),
      1500,
    );
    expect(contrasts(lists)).toContain(
      '20 of 20 connections here were reset; 0 of 60 to the same port of other addresses were.',
    );
    const everywhere = many(
      80,
      (i) => OPEN + ASK + (i % 3 === 0 ? '3 < RA' : CLOSE),
      (i) => ({ server: `10.0.0.${5 + (i % 4)}` }),
      1500,
    );
    expect(contrasts(everywhere)).not.toContain('of other addresses');
  });
});

describe('one path only', () => {
  it('is told by the hops that the packets made', () => {
    expect(contrasts(over((i) => i % 6 === 2))).toContain(
      '10 of 10 came from the client with TTL 57, as by one path; 0 of 50 survivors did.',
    );
  });
  it('is told by the VLAN that the packets travel in', () => {
    const lists = over((i) => i % 5 === 1).map((list, i) => list.map((one) => tagged(one, i % 5 === 1 ? 20 : 10)));
    expect(contrasts(lists)).toContain('12 of 12 travelled in vlan 20; 0 of 48 survivors did.');
  });
  it('is not claimed where the others came the same way', () => {
    expect(contrasts(over((i) => i % 5 === 1))).not.toContain('TTL');
  });
});

describe('a mass reset', () => {
  it('is one event with the share of those that were open', () => {
    const alive = many(2, () => `${OPEN}${ASK}90000 > FA\n90001 < FA\n90001.1 > A`);
    const lines = contrasts([...heldUntil(8, 20_000), ...alive]);
    expect(lines).toContain('One event at ');
    expect(lines).toContain('8 of the 10 connections that were open then, within 3.5 ms; 0 new ones were refused');
  });
  it('counts those that the same moment closed by FIN', () => {
    const idle = many(
      20,
      (i) => `${OPEN}${ASK}${20_000 - i * 50} < FA\n${20_001 - i * 50} > FA\n${20_002 - i * 50} < A`,
      undefined,
      50,
    );
    const report = readConversations([...idle, ...heldUntil(4, 20_000)]);
    expect(report.resets.map(({ cause }) => cause.group?.includes('shutdown-in-flight'))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(report.stories.flatMap(({ contrast }) => contrast).join()).toContain(
      '4 of the 24 connections that were open then, within 1.5 ms, and 20 more closed by FIN;',
    );
    const later = many(
      20,
      (i) => `${OPEN}${ASK}${40_000 - i * 50} < FA\n${40_001 - i * 50} > FA\n${40_002 - i * 50} < A`,
      undefined,
      50,
    );
    const apart = readConversations([...later, ...heldUntil(4, 20_000)]);
    expect(apart.resets.map(({ cause }) => cause.id)).not.toContain('shutdown-in-flight');
  });
  it('is not made of short connections that a server resets all day', () => {
    const report = readConversations(many(60, () => `${OPEN}${ASK}3 < RA`, undefined, 40));
    expect(report.resets.map(({ cause }) => cause.id)).not.toContain('shutdown-in-flight');
    expect(report.stories.flatMap(({ contrast }) => contrast).join(' ')).not.toContain('One event');
  });
  it('is not made of three idle ones of a thousand that stay open', () => {
    const open = many(400, () => OPEN + ASK, undefined, 10);
    const report = readConversations([...open, ...heldUntil(3, 20_000)]);
    expect(report.resets.map(({ cause }) => cause.id)).not.toContain('shutdown-in-flight');
  });
  it('is a rolling restart when hosts follow each other', () => {
    const hosts = [5, 6, 7].flatMap((host, i) => [
      ...heldUntil(6, 20_000 + i * 40_000, { server: `10.0.0.${host}` }),
      talk('0 > S\n0.1 < RA seq=0 win=0', { server: `10.0.0.${host}`, startMs: 20_500 + i * 40_000 }),
      talk(OPEN + ASK + CLOSE, { server: `10.0.0.${host}`, startMs: 23_000 + i * 40_000 }),
    ]);
    const story = storyOf('shutdown-in-flight', hosts);
    expect(story.title).toMatch(/10\.0\.0\.\d:443 and 2 more closed it/);
    expect(story.resets).toHaveLength(18);
    expect(story.contrast[0]).toMatch(
      /^One listener after the other, as in a rolling restart: 10\.0\.0\.5:443 at \S+, 10\.0\.0\.6:443 at \S+, 10\.0\.0\.7:443 at \S+ UTC: 18 of the 18 connections open at those moments; 3 new ones were refused\.$/,
    );
  });
  it('lies in what hosts share when they go at once', () => {
    const hosts = [5, 6, 7].flatMap((host, i) => heldUntil(6, 20_000 + i * 20, { server: `10.0.0.${host}` }));
    expect(contrasts(hosts)).toContain('for 3 listeners within 40 ms, so it lies in something that they share');
  });
});

describe('a restart', () => {
  it('shows the gap and what came after', () => {
    const held = many(6, (i) => `${OPEN}${ASK}${20_000 - i * 50} < RA`, undefined, 50);
    const refused = [20_400, 20_900].map((startMs) => talk('0 > S\n0.1 < RA seq=0 win=0', { startMs }));
    const after = talk(OPEN + ASK + CLOSE, { startMs: 22_000 });
    expect(contrasts([...held, ...refused, after])).toContain(
      '2 new ones were refused, and the next was accepted 2.0 s later',
    );
  });
});

describe('a long capture', () => {
  it('shows what came after the five-thousandth connection as well', () => {
    const before = many(5000, () => OPEN + ASK + CLOSE, undefined, 10);
    const held = heldUntil(8, 60_000);
    const open = many(4, () => OPEN + ASK, undefined, 10);
    const after = [
      talk('0 > S\n0.1 < RA seq=0 win=0', { startMs: 60_500 }),
      talk(OPEN + ASK + CLOSE, { startMs: 63_000 }),
    ];
    const report = readConversations([...before, ...held, ...open, ...after]);
    const story = report.stories.find(({ cause }) => cause === 'shutdown-in-flight');
    expect(story?.contrast[0]).toMatch(
      /8 of the 12 connections that were open then, within 3\.5 ms; 1 new one was refused, and the next was accepted 3\.0 s later\./,
    );
  }, 60_000);
});

describe('the same idle time', () => {
  it('is a limit when it comes again and again', () => {
    const lists = [...many(4, (i) => quiet(60_000 + i * 5), undefined, 3000), ...survivors(30)];
    const report = readConversations(lists);
    expect(report.resets[0]!.cause).toMatchObject({ id: 'idle-timeout', level: 'likely' });
    expect(contrasts(lists)).toContain(
      '4 of 4 were idle for at least 60 s; 0 of 30 survivors were (the others at most',
    );
  });
  it('is chance among two hundred idle times of every length', () => {
    const report = readConversations(many(200, (i) => quiet(2000 + ((i * 7919) % 200) * 500), undefined, 700));
    const texts = report.resets.flatMap(({ evidence }) => evidence.map(({ fact }) => fact));
    expect(texts).not.toContain('same-idle-time');
  });
  it('says so when one of each is too little to compare', () => {
    const lists = [talk(quiet(60_000)), ...survivors(1)];
    expect(contrasts(lists)).toContain('too few to rule out chance');
  });
});

describe('probes', () => {
  it('on a schedule are told with their interval', () => {
    const lists = [0, 1, 2, 3, 4].map((i) => probe(i * 2000 + (i % 2) * 9));
    expect(storyOf('health-check', lists).contrast).toContainEqual(
      expect.stringMatching(/^One every 2\.0 s, 5 in this capture; 0 of them carried data\.$/),
    );
  });
  it('at any time are no schedule', () => {
    const lists = [0, 900, 4100, 5300, 9900].map(probe);
    expect(contrasts(lists)).not.toContain('One every');
    expect(contrasts([0, 2000, 4100].map(probe))).not.toContain('One every');
  });
});

describe('a scan', () => {
  it('is told with its targets and their answers', () => {
    const lists = Array.from({ length: 25 }, (_, i) =>
      i === 3 ? talk('0 > S\n0.1 < SA\n0.2 > R', { serverPort: 100 + i, startMs: i * 10 }) : refusedAt(100 + i, i * 10),
    );
    expect(storyOf('port-scan', lists).contrast).toEqual([
      expect.stringMatching(
        /^25 listeners \(1 address, 25 ports\) in 2\d\d ms: 24 attempts refused, 1 accepted, 0 unanswered; 0 of 25 carried data or ended in order\.$/,
      ),
    ]);
  });
  it('is none when a client tries the same twelve down services again and again', () => {
    const lists = Array.from({ length: 120 }, (_, i) => refusedAt(100 + (i % 12), i * 500));
    const report = readConversations(lists);
    expect(new Set(report.resets.map(({ cause }) => cause.id))).toEqual(new Set(['refused']));
  });
});

const day = (isReset: (i: number) => boolean): WritablePacket[][] =>
  many(
    60,
    (i) => OPEN + ASK + (isReset(i) ? '3 < RA' : CLOSE),
    (i) => ({ client: `10.0.${i % 20}.9` }),
    1500,
  );

describe('a change in time', () => {
  it('is told when all later ones are reset and none of the earlier', () => {
    expect(contrasts(day((i) => i >= 48))).toMatch(
      /12 of 12 were opened from \S+ UTC on; 0 of 48 survivors were \(the last of the others at \S+\)\./,
    );
  });
  it('is not claimed when they are mixed', () => {
    expect(contrasts(day((i) => i % 5 === 0))).not.toContain('were opened from');
  });
});

describe('silences', () => {
  it('are likely a forgotten idle connection while others of the host go on', () => {
    const alone = readConversations([talk(hang), talk('0 > S\n0.1 < SA', { server: '10.0.0.6', startMs: 90_000 })]);
    expect(alone.silences[0]!.cause).toMatchObject({ id: 'idle-dropped', level: 'possible' });
    const beside = readConversations([talk(hang), ...many(40, () => OPEN + ASK + CLOSE, undefined, 2000)]);
    expect(beside.silences[0]!.cause).toMatchObject({ id: 'idle-dropped', level: 'likely' });
    expect(beside.silences[0]!.evidence.map(({ text }) => text).join()).toContain('went on meanwhile');
  });
  it('are told apart by size when only large requests vanish', () => {
    const small = many(60, (i) => `${OPEN}1 > PA len=${200 + i}\n2 < PA len=9\n2.1 > A\n${CLOSE}`);
    const lost = many(6, () => `${OPEN}${ASK}${repeats(20, 1440)}`, undefined, 1500);
    const story = readConversations([...small, ...lost]).stories.find(
      ({ cause }) => cause === 'retransmission-timeout',
    );
    expect(story?.contrast).toEqual([
      '6 of 6 carried at least 1449 bytes from the client; 0 of 60 survivors did (the others at most 259).',
    ]);
    const shorter = many(6, () => `${OPEN}${ASK}${repeats(20, 100)}`, undefined, 1500);
    expect(contrasts([...small, ...shorter])).not.toContain('bytes from');
  });
});
