import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createReading } from '../report/reading.ts';
import type { Report } from '../report/types.ts';
import { readCapture } from './read-capture.ts';
import { recordFile } from './record-file.ts';
import { openCapture } from './source.ts';

const CAPTURES = new URL('../../test/captures/', import.meta.url).pathname;
const files = readdirSync(CAPTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.pcap'))
  .map((name) => join(CAPTURES, name));
const folder = mkdtempSync(join(tmpdir(), 'firsthand-record-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function byParser(path: string): Promise<Report> {
  const reading = createReading();
  const source = openCapture(path);
  const info = await source.scan(reading.surveySink);
  await source.scan(reading.traceSink());
  return reading.report(path, info, 'two-pass', '0');
}

async function byRecords(path: string): Promise<Report | undefined> {
  const reading = createReading();
  const file = recordFile(path);
  const info = await file?.scan(reading.surveySink, {});
  if (info === undefined) return undefined;
  await file?.scan(reading.traceSink(), {});
  return reading.report(path, info, 'two-pass', '0');
}

describe('a file scanned by records', () => {
  it('gives the report that the parser gives', async () => {
    let scanned = 0;
    for (const path of files) {
      const report = await byRecords(path);
      if (report === undefined) continue;
      scanned++;
      expect(report).toEqual(await byParser(path));
    }
    expect(scanned).toBeGreaterThan(20);
  });

  it('is left to the parser when its last record is cut, and read again from the start', async () => {
    const path = join(folder, 'cut.pcap');
    const whole = readFileSync(files.find((file) => recordFile(file) !== undefined)!);
    writeFileSync(path, whole.subarray(0, whole.length - 5));
    expect(await byRecords(path)).toBeUndefined();
    const report = await readCapture(path);
    expect(report.inputs[0]!.damage).toHaveLength(1);
    expect({ ...report, tool: null }).toEqual({ ...(await byParser(path)), tool: null });
  });

  it('is none when it is a pcap of another kind', () => {
    const path = join(folder, 'other.pcap');
    const header = new Uint8Array(24);
    const view = new DataView(header.buffer);
    for (const [magic, version, linkType] of [
      [0xa1b2cd34, 4, 1],
      [0xa1b2c3d4, 2, 1],
      [0xa1b2c3d4, 4, 113],
    ] as const) {
      view.setUint32(0, magic, true);
      view.setUint16(4, 2, true);
      view.setUint16(6, version, true);
      view.setUint32(20, linkType, true);
      writeFileSync(path, header);
      expect(recordFile(path)).toBeUndefined();
    }
    view.setUint16(6, 4, true);
    view.setUint32(20, 1, true);
    writeFileSync(path, header);
    expect(recordFile(path)).toBeDefined();
  });
});
