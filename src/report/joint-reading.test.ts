import { describe, expect, it } from 'vitest';
import { newCaptureInfo } from '../capture/info.ts';
import type { WritablePacket } from '../capture/write.ts';
import { conversation } from '../flow/testing/conversation.ts';
import { createJointReading, type JointOptions } from './joint-reading.ts';
import type { Report } from './types.ts';

/** More than are compared anyhow, to learn how the places stand. */
const MANY = 260;

/** One connection that the server resets, as its client's machine and, 0.5 ms behind, as the server's saw it. */
function reset(i: number, place: 'client' | 'server'): WritablePacket[] {
  const options = { clientPort: 20_000 + i, clientIsn: 1000 + i * 100_000, serverIsn: 7 + i * 70_001, startMs: i * 10 };
  return place === 'client'
    ? conversation('0 > S\n1.1 < SA\n1.2 > A\n1.3 > PA len=100\n2.4 < RA', { ...options, clientTtl: 64, serverTtl: 61 })
    : conversation('0.5 > S\n0.6 < SA\n1.7 > A\n1.8 > PA len=100\n1.9 < RA', {
        ...options,
        clientTtl: 61,
        serverTtl: 64,
      });
}

function readTogether(places: readonly (readonly WritablePacket[])[], options?: JointOptions): Report {
  const joint = createJointReading(places.length, options);
  const pass = (open: typeof joint.surveySink): void => {
    for (const [input, packets] of places.entries()) {
      const sink = open(input);
      for (const [index, { bytes, seconds, nanos }] of packets.entries()) {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        sink.packet(view, 0, bytes.length, bytes.length, 1, seconds, nanos, 0, index + 1);
      }
    }
  };
  pass(joint.surveySink);
  expect(joint.link()).toBe(true);
  pass(joint.traceSink);
  return joint.report(
    places.map((_, input) => `${'ab'[input]}.pcap`),
    places.map(() => newCaptureInfo()),
    '0',
  );
}

const PLACES = (['client', 'server'] as const).map((place) =>
  Array.from({ length: MANY }, (_, i) => reset(i, place)).flat(),
);

const ports = ({ resets }: Report): number[] => resets.map(({ connection }) => connection.client.port);
const facts = ({ resets }: Report): Set<string> =>
  new Set(resets.flatMap((one) => one.evidence.map(({ fact }) => fact)));

describe('createJointReading', () => {
  it('tells each connection once, with what both places saw of it', () => {
    const report = readTogether(PLACES);
    expect(ports(report)).toEqual(Array.from({ length: MANY }, (_, i) => 20_000 + i));
    expect(report.resets.every(({ connection }) => connection.views.length === 2)).toBe(true);
    expect(report.inputs.flatMap(({ notes }) => notes ?? []).join()).not.toContain('alone');
  });

  it('tells those beyond its limit once too, says so, and does not take them for lost on the way', () => {
    const report = readTogether(PLACES, { maxCompared: 4 });
    expect(report.summary).toMatchObject({ connections: MANY, resets: MANY });
    expect(ports(report)).toEqual(Array.from({ length: MANY }, (_, i) => 20_000 + i));
    const alone = report.resets.filter(({ connection }) => connection.views.length === 1);
    expect(alone.length).toBeGreaterThan(0);
    expect(report.inputs[0]?.notes?.join()).toContain(`${alone.length} connections that another capture shows, too`);
    expect(facts(report)).not.toContain('never-got-there');
  });

  it('takes a connection for lost on the way when a place that saw others of its hosts saw nothing of it', () => {
    const [client, server] = PLACES;
    const report = readTogether([client!, server!.toSpliced(100 * 5, 5)]);
    expect(facts(report)).toContain('never-got-there');
  });
});
