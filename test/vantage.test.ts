/** Captures of one scenario taken at several places, read together: what they prove, and what they must not. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { writePcap, type WritablePacket } from '../src/capture/write.ts';
import { packetsOf } from '../src/causes/testing/pcap.ts';
import { readCaptures } from '../src/collect/read-captures.ts';
import type { Report, Reset } from '../src/report/types.ts';
import type { CaptureTruth } from './score.ts';

const CAPTURES = resolve(import.meta.dirname, 'captures');
const scratch = mkdtempSync(join(tmpdir(), 'firsthand-vantage-'));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Taken extends CaptureTruth {
  readonly scenario: string;
}

/** By scenario: the captures of it, with what is true there. */
const scenarios = new Map<string, { path: string; truth: Taken }[]>();
for (const cause of readdirSync(CAPTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  const folder = join(CAPTURES, cause.name);
  const truths = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Record<string, Taken>;
  for (const [file, truth] of Object.entries(truths)) {
    const known = scenarios.get(truth.scenario) ?? [];
    scenarios.set(truth.scenario, [...known, { path: join(folder, file), truth }]);
  }
}
const pairs = [...scenarios].filter(([, taken]) => taken.length > 1);

async function together(paths: readonly string[]): Promise<Report> {
  const outcomes = await readCaptures(paths);
  expect(outcomes).toHaveLength(1);
  const [outcome] = outcomes;
  if (outcome === undefined || !('report' in outcome)) throw new Error('no report');
  return outcome.report;
}

const facts = ({ evidence }: Reset): string[] => evidence.map(({ fact }) => fact);

describe('what was recorded at several places', () => {
  it('is there', () => expect(pairs.length).toBeGreaterThan(25));

  it.each(pairs)('%s', async (_, taken) => {
    const report = await together(taken.map(({ path }) => path));
    const rsts = report.resets.flatMap((reset) => reset.rsts);
    expect(rsts).toHaveLength(report.summary.rstPackets);
    // Each of these captures holds all connections of its scenario.
    for (const { path } of taken) {
      expect(report.summary.connections).toBe((await together([path])).summary.connections);
    }
    expect(report.resets.flatMap(facts)).not.toContain('never-got-there');
    for (const { sender, cause, alternatives } of report.resets) {
      const sum = alternatives.reduce((total, other) => total + other.confidence, cause.confidence);
      expect(sum).toBeCloseTo(1, 5);
      if (sender.level !== 'proof') continue;
      const truths = taken.flatMap(({ truth: { truth } }) => [truth, ...(truth.earlier ?? [])]);
      const made = truths.filter(({ mechanism }) => mechanism === 'forged' || mechanism === 'in-path-answer');
      // A REJECT on the host itself sends its RST from there, as the host.
      const onHost = taken.some(({ truth }) => truth.scenario === 'firewall-reject/on-the-host');
      expect(sender.actor).toBe(made.length > 0 && !onHost ? 'middlebox' : 'endpoint');
      expect(truths.map((truth) => truth.sender)).toContain(sender.side);
    }
  });

  it('proves the sender wherever more of it was seen than its RSTs', async () => {
    const open: string[] = [];
    for (const [scenario, taken] of pairs) {
      const { resets } = await together(taken.map(({ path }) => path));
      const proven = resets.filter(({ sender }) => sender.level === 'proof');
      if (proven.length < resets.length) open.push(`${scenario}: ${proven.length} of ${resets.length}`);
    }
    // In the first four the capture that has no RST ends before it; the others show nothing of the sender but its RSTs.
    expect(open).toEqual([
      'firewall-state-expiry/conntrack-rejects: 0 of 1',
      'firewall-state-expiry/keep-alives-ignored: 0 of 1',
      'firewall-state-expiry/server-speaks-first: 0 of 1',
      'injected/tcpkill: 0 of 1',
      'port-scan/connect-scan: 0 of 30',
      'port-scan/syn-scan-of-closed-ports: 0 of 25',
      'refused/bound-to-localhost: 0 of 1',
      'stray/late-capture: 0 of 1',
    ]);
  });
});

const capture = (name: string): string => join(CAPTURES, name);
const ENDS = ['fires-both-ends.pcap', 'fires-both-ends@router.pcap', 'fires-both-ends@server.pcap'].map((name) =>
  capture(`injected/${name}`),
);
const [CLIENT, ROUTER, SERVER] = ENDS as [string, string, string];

describe('two ends that accuse each other', () => {
  it('are both cleared by their captures, in any order', async () => {
    for (const paths of [ENDS, [SERVER, CLIENT], [CLIENT, SERVER], [SERVER, ROUTER, CLIENT]]) {
      const { resets, summary } = await together(paths);
      expect(resets).toHaveLength(1);
      expect(summary.connections).toBe(2);
      const [reset] = resets;
      expect(reset!.sender).toMatchObject({ actor: 'middlebox', level: 'proof' });
      expect(reset!.cause.id).toBe('injected');
      expect(facts(reset!).slice(0, 2)).toEqual(['never-left-its-host', 'both-ends-reset']);
      const places = reset!.connection.views.map(({ input, observedAt }) => [basename(paths[input]!), observedAt]);
      expect(places[0]).toEqual(['fires-both-ends.pcap', 'client']);
      expect(places.at(-1)).toEqual(['fires-both-ends@server.pcap', 'server']);
    }
  });

  it('are shown by a filter that holds for all captures', async () => {
    const [joint] = (await together([CLIENT, SERVER])).resets;
    const [alone] = (await together([CLIENT])).resets;
    expect(alone!.displayFilter).toBe(`${joint!.displayFilter} && frame.number in {1..18}`);
  });

  it('show in the ladder which frame is where', async () => {
    const { resets } = await together([CLIENT, SERVER]);
    const rows = resets[0]!.ladder.filter(({ rst }) => rst);
    expect(rows.map(({ from, seen }) => [from, seen!.map((frame) => frame !== null)])).toEqual([
      ['client', [false, true]],
      ['server', [true, false]],
    ]);
  });

  it('are told of as one of them alone can be, when only one is read', async () => {
    const { resets } = await together([CLIENT]);
    expect(resets[0]!.sender.level).not.toBe('proof');
  });
});

describe('a third capture', () => {
  it.each([
    ['was stopped early', stoppedEarly],
    ['lost a segment', withoutRequest],
  ])('takes no proof away from two others when it %s', async (_, edit) => {
    const poor = edited('poor-router.pcap', ROUTER, edit);
    for (const paths of [
      [poor, CLIENT, SERVER],
      [CLIENT, SERVER, poor],
    ]) {
      const [reset] = (await together(paths)).resets;
      expect(reset!.sender).toMatchObject({ actor: 'middlebox', level: 'proof' });
      expect(reset!.cause.id).toBe('injected');
      // Told only where the other RST is proved as well.
      expect(facts(reset!).slice(0, 2)).toEqual(['never-left-its-host', 'both-ends-reset']);
    }
  });

  it('proves nothing when the places nearer to the named host are all in doubt', async () => {
    const paths = [
      edited('stopped-client.pcap', CLIENT, stoppedEarly),
      edited('stopped-router.pcap', ROUTER, stoppedEarly),
      edited('no-other-rst.pcap', SERVER, (packets) => packets),
    ];
    const [reset] = (await together(paths)).resets;
    expect(reset!.sender.level).not.toBe('proof');
    expect(reset!.cannotTell.join()).toContain('between stopped-router.pcap and no-other-rst.pcap: that capture ends');
  });
});

describe('a scan with one sequence number for all its SYNs', () => {
  const SCAN = capture('port-scan/fires-syn-scan-of-closed-ports.pcap');
  const SCANNED = capture('port-scan/fires-syn-scan-of-closed-ports@server.pcap');

  it('joins no probe with one of another port', async () => {
    // Each lacks one of the 25, not the same one.
    const { summary } = await together([
      edited('lacks-one.pcap', SCAN, (packets) => lacking(packets, 0)),
      edited('lacks-other.pcap', SCANNED, (packets) => lacking(packets, 2)),
    ]);
    expect(summary.connections).toBe(25);
  });

  it.each([
    ['as it is', (packet: WritablePacket) => packet],
    ['through a NAT', translated],
  ])('counts each of very many probes once, %s', async (_, edit) => {
    const times = 12;
    const many = (packets: WritablePacket[]): WritablePacket[] =>
      Array.from({ length: times }, (_one, i) => packets.map((packet) => onPort(later(packet, i), i * 1000))).flat();
    const { summary } = await together([
      edited('many.pcap', SCAN, many),
      edited('many-there.pcap', SCANNED, (packets) => many(packets).map(edit)),
    ]);
    expect(summary.connections).toBe(25 * times);
  });
});

describe('captures that are not as they should be', () => {
  it('says of one that shows nothing for long that it may have been stopped, not that it was', async () => {
    const paths = ['fires-conntrack-rejects.pcap', 'quiet-conntrack-rejects@server.pcap'];
    const { resets } = await together(paths.map((name) => capture(`firewall-state-expiry/${name}`)));
    expect(resets[0]!.cannotTell.join()).toMatch(
      /shows nothing from \d+\.\d s before that moment on; it may have been/,
    );
  });

  it('proves the same with a clock that is hours off and gains, and with compression', async () => {
    const shifted = edited('shifted.pcap', SERVER, (packets) => packets.map((packet) => later(packet, 7_261.25)));
    const packed = join(scratch, 'client.pcap.gz');
    writeFileSync(packed, gzipSync(readFileSync(CLIENT)));
    const { resets, inputs } = await together([packed, shifted]);
    expect(resets[0]!.sender).toMatchObject({ actor: 'middlebox', level: 'proof' });
    expect(inputs[1]!.notes?.join()).toMatch(/its clock is 7261\.2\d+ s ahead of that of client\.pcap\.gz/);
  });

  it('proves nothing by a capture that was stopped before, begun after, or lost packets', async () => {
    const rstAt = 17;
    const stopped = edited('stopped.pcap', SERVER, (packets) => packets.slice(0, rstAt - 2));
    const lossy = edited('lossy.pcap', SERVER, (packets) => packets.filter((_, i) => ![8, rstAt - 1].includes(i)));
    for (const path of [stopped, lossy]) {
      const { resets } = await together([CLIENT, path]);
      expect(resets[0]!.sender.level, path).not.toBe('proof');
      expect(resets[0]!.cannotTell.join()).toMatch(/stopped|lacks/);
    }
  });

  it('does not take a RST that was altered on the way for two', async () => {
    const nat = capture('injected/quiet-real-abort-through-nat.pcap');
    const server = capture('injected/quiet-real-abort-through-nat@server.pcap');
    // Frame 17 is the RST; its window stands 14 bytes into TCP.
    const altered = edited('altered.pcap', nat, (packets) =>
      packets.map((packet, i) => (i === 16 ? withByte(packet, 14 + 20 + 15, 9) : packet)),
    );
    const { resets } = await together([altered, server]);
    expect(resets[0]!.sender).toMatchObject({ actor: 'endpoint', level: 'proof' });
    expect(resets[0]!.rsts.filter(({ actor }) => actor === 'middlebox')).toEqual([]);
  });

  it('leaves captures alone that have nothing in common, and the parts of one that was cut in two', async () => {
    const other = capture('refused/fires-closed-port-v4.pcap');
    expect(await readCaptures([CLIENT, other])).toHaveLength(2);
    const first = edited('first.pcap', CLIENT, (packets) => packets.slice(0, 10));
    const second = edited('second.pcap', CLIENT, (packets) => packets.slice(10));
    expect(await readCaptures([first, second])).toHaveLength(2);
  });

  it('says of a connection that never got to the other place that it did not', async () => {
    // The connection that was reset, as if its packets had been kept away from the server.
    const [own] = (await together([CLIENT, SERVER])).resets;
    const { port } = own!.connection.client;
    const without = edited('without.pcap', SERVER, (packets) => packets.filter((packet) => !hasPort(packet, port)));
    const { resets } = await together([CLIENT, without]);
    expect(facts(resets[0]!)).toContain('never-got-there');
    expect(resets[0]!.sender.level).not.toBe('proof');
  });

  it('joins a capture that began late with one behind a NAT', async () => {
    const late = edited('late.pcap', capture('injected/quiet-real-abort-through-nat.pcap'), (packets) =>
      packets.slice(5),
    );
    const { resets } = await together([late, capture('injected/quiet-real-abort-through-nat@server.pcap')]);
    expect(resets).toHaveLength(1);
    expect(resets[0]!.sender).toMatchObject({ actor: 'endpoint', level: 'proof', side: 'server' });
  });

  it('names the one that cannot be read and reads the others together', async () => {
    const outcomes = await readCaptures([CLIENT, join(scratch, 'gone.pcap'), SERVER]);
    expect(outcomes.map((outcome) => ['report' in outcome, outcome.paths.length])).toEqual([
      [true, 2],
      [false, 1],
    ]);
  });
});

describe('a NAT between', () => {
  it('hides no connection: sequence numbers go through it', async () => {
    const paths = ['', '@router', '@server'].map((point) =>
      capture(`injected/quiet-real-abort-through-nat${point}.pcap`),
    );
    const { resets, summary } = await together(paths);
    expect(summary.connections).toBe(2);
    expect(resets).toHaveLength(1);
    expect(resets[0]!.sender).toMatchObject({ actor: 'endpoint', level: 'proof', side: 'server' });
    expect(facts(resets[0]!).slice(0, 2)).toEqual(['seen-leaving', 'address-translated']);
  });
});

/** A copy of a capture with other packets. */
function edited(name: string, from: string, edit: (packets: WritablePacket[]) => WritablePacket[]): string {
  const path = join(scratch, name);
  writeFileSync(path, writePcap(edit(packetsOf(new Uint8Array(readFileSync(from)))), { nanoseconds: false }));
  return path;
}

function later(packet: WritablePacket, seconds: number): WritablePacket {
  const ns = packet.nanos + (seconds % 1) * 1e9;
  return { ...packet, seconds: packet.seconds + Math.floor(seconds) + Math.floor(ns / 1e9), nanos: ns % 1e9 };
}

function withByte(packet: WritablePacket, at: number, value: number): WritablePacket {
  const bytes = packet.bytes.slice();
  bytes[at] = value;
  return { ...packet, bytes };
}

/** Of a TCP packet over IPv4 without options, in an Ethernet frame. */
function hasPort({ bytes }: WritablePacket, port: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint16(34) === port || view.getUint16(36) === port;
}

/** The scanner's port is below 52000, those that it scans are below it by thousands. */
function onPort(packet: WritablePacket, shift: number): WritablePacket {
  const bytes = packet.bytes.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = view.getUint16(34) === SCANNER_PORT ? 36 : 34;
  view.setUint16(at, view.getUint16(at) + shift);
  return { ...packet, bytes };
}

const SCANNER_PORT = 51515;

/** The client's address is another one. */
function translated(packet: WritablePacket): WritablePacket {
  const fromClient = new DataView(packet.bytes.buffer, packet.bytes.byteOffset).getUint16(34) === SCANNER_PORT;
  return withByte(packet, 14 + (fromClient ? 15 : 19), 77);
}

/** Of "both ends": before any RST. */
function stoppedEarly(packets: WritablePacket[]): WritablePacket[] {
  return packets.slice(0, 14);
}

/** Of "both ends": without the second one of the connection that is reset. */
function withoutRequest(packets: WritablePacket[]): WritablePacket[] {
  return packets.filter((_, i) => i !== 7);
}

/** Without the connection that the SYN at this index opens. */
function lacking(packets: WritablePacket[], at: number): WritablePacket[] {
  const { bytes } = packets[at]!;
  const port = new DataView(bytes.buffer, bytes.byteOffset).getUint16(36);
  return packets.filter((packet) => !hasPort(packet, port));
}
