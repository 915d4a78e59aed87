/**
 * Header-only Ethernet captures of any size with known contents: `npm run bench -- make-capture --packets 5000000`.
 * The same seed and number of packets give the same bytes, so that a file from an earlier run serves again.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

import { ACK, addressText, RST, type Segment, SNAP_LENGTH, SYN, wireLength, writeFrame } from './frame.ts';
import { nextSegment, startTraffic, type TrafficOptions, USUAL_TRAFFIC } from './traffic.ts';

/** What a generated capture holds. */
export interface Truth {
  readonly seed: number;
  readonly packets: number;
  /** Size of the file. */
  readonly bytes: number;
  readonly connections: number;
  readonly connectionsWithRst: number;
  readonly rstPackets: number;
  /** RST packets by source address. */
  readonly rstBySender: Readonly<Record<string, number>>;
}

export interface Capture {
  readonly file: string;
  readonly truth: Truth;
  readonly reused: boolean;
}

/** Where captures are kept between runs. */
export const CACHE: string = path.join(os.tmpdir(), 'firsthand-bench');

/** Part of the file name: raised when the traffic changes, so that no older file is taken for the new one. */
const GENERATION = 1;
const RECORD_HEADER = 16;
const CHUNK = 8 << 20;
const DISK_RESERVE = 256 << 20;

/** Returns the capture of that seed and size, written now unless a whole one is there from before. */
export function makeCapture(
  packets: number,
  seed = 1,
  folder: string = CACHE,
  traffic: TrafficOptions = USUAL_TRAFFIC,
): Capture {
  const file = path.join(folder, `g${GENERATION}-seed${seed}-${packets}${kindOf(traffic)}.pcap`);
  const earlier = readTruth(file);
  if (earlier !== undefined) return { file, truth: earlier, reused: true };
  prepareFolder(folder);
  demandSpace(folder, 24 + packets * (RECORD_HEADER + SNAP_LENGTH));
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    const truth = writeCapture(unfinished, packets, seed, traffic);
    fs.renameSync(unfinished, file);
    fs.writeFileSync(truthFile(file), JSON.stringify(truth));
    return { file, truth, reused: false };
  } finally {
    fs.rmSync(unfinished, { force: true });
  }
}

/** Deletes the cached captures. */
export function cleanCaptures(folder: string = CACHE): void {
  fs.rmSync(folder, { recursive: true, force: true });
}

function readTruth(file: string): Truth | undefined {
  try {
    const truth = JSON.parse(fs.readFileSync(truthFile(file), 'utf8')) as Truth;
    return fs.statSync(file).size === truth.bytes ? truth : undefined;
  } catch {
    return undefined;
  }
}

function truthFile(file: string): string {
  return `${file}.truth.json`;
}

/** The name is predictable and the temporary folder is everybody's: only a real folder of this user will do. */
function prepareFolder(folder: string): void {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = fs.lstatSync(folder);
  if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid())) {
    throw new Error(`${folder} is not a folder of this user: remove it or set TMPDIR`);
  }
}

function demandSpace(folder: string, bytes: number): void {
  const stat = fs.statfsSync(folder);
  const free = stat.bavail * stat.bsize;
  if (free >= bytes + DISK_RESERVE) return;
  const [freeMb, neededMb] = [free, bytes + DISK_RESERVE].map((n) => Math.ceil(n / 1e6));
  throw new Error(`${folder} has ${freeMb} MB free, ${neededMb} MB are needed: set TMPDIR or --packets`);
}

/** Part of the name of captures of unusual traffic. */
function kindOf({ concurrent, resetShare }: TrafficOptions): string {
  return [
    ...(concurrent === USUAL_TRAFFIC.concurrent ? [] : [`-concurrent${concurrent}`]),
    ...(resetShare === USUAL_TRAFFIC.resetShare ? [] : [`-resets${resetShare}`]),
  ].join('');
}

function writeCapture(file: string, packets: number, seed: number, traffic: TrafficOptions): Truth {
  const fd = fs.openSync(file, 'wx', 0o600);
  try {
    return writePackets(fd, packets, seed, traffic);
  } finally {
    fs.closeSync(fd);
  }
}

function writePackets(fd: number, packets: number, seed: number, options: TrafficOptions): Truth {
  const chunk = new Uint8Array(CHUNK);
  const view = new DataView(chunk.buffer);
  const traffic = startTraffic(seed, options);
  const segment = emptySegment();
  const rstBySender = new Map<string, number>();
  const rstTuples = new Set<string>();
  let connections = 0;
  let bytes = 0;
  let used = writeFileHeader(view);
  for (let i = 0; i < packets; i++) {
    if (used + RECORD_HEADER + SNAP_LENGTH > CHUNK) {
      bytes += writeAll(fd, chunk, used);
      used = 0;
    }
    nextSegment(traffic, segment);
    const capturedLen = writeFrame(view, used + RECORD_HEADER, segment);
    view.setUint32(used, Math.floor(segment.tsUs / 1e6), true);
    view.setUint32(used + 4, segment.tsUs % 1e6, true);
    view.setUint32(used + 8, capturedLen, true);
    view.setUint32(used + 12, wireLength(segment), true);
    used += RECORD_HEADER + capturedLen;
    if ((segment.flags & (SYN | ACK)) === SYN) connections++;
    if ((segment.flags & RST) !== 0) countRst(segment, rstBySender, rstTuples);
  }
  bytes += writeAll(fd, chunk, used);
  return {
    seed,
    packets,
    bytes,
    connections,
    connectionsWithRst: rstTuples.size,
    rstPackets: [...rstBySender.values()].reduce((sum, n) => sum + n, 0),
    rstBySender: Object.fromEntries(rstBySender),
  };
}

function countRst(segment: Segment, rstBySender: Map<string, number>, rstTuples: Set<string>): void {
  const { v6, fromServer, client, server, clientPort } = segment;
  const sender = addressText(v6, fromServer, fromServer ? server : client);
  rstBySender.set(sender, (rstBySender.get(sender) ?? 0) + 1);
  rstTuples.add(`${v6} ${client} ${clientPort}`);
}

/** Classic pcap, little endian, microseconds, link type Ethernet. */
function writeFileHeader(view: DataView): number {
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP_LENGTH, true);
  view.setUint32(20, 1, true);
  return 24;
}

function writeAll(fd: number, chunk: Uint8Array, length: number): number {
  for (let done = 0; done < length;) done += fs.writeSync(fd, chunk, done, length - done);
  return length;
}

function emptySegment(): Segment {
  return {
    tsUs: 0,
    v6: false,
    fromServer: false,
    client: 0,
    server: 0,
    clientPort: 0,
    serverPort: 0,
    seq: 0,
    ack: 0,
    flags: 0,
    window: 0,
    ttl: 0,
    ipId: 0,
    options: 'none',
    tsVal: 0,
    tsEcr: 0,
    payloadLen: 0,
    text: new Uint8Array(0),
  };
}
