/**
 * Compares every RST that the reader finds in a folder of captures with what tshark found there.
 * Usage: tsx test/corpus/check-wire.ts DIR, where DIR holds captures/, index.tsv and tshark-rsts.jsonl.
 * Prints each capture that differs or cannot be read, with the reason; exits 1 when a difference has none.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaptureError } from '../../src/capture/errors.ts';
import type { CaptureInfo } from '../../src/capture/info.ts';
import { openCapture } from '../../src/collect/source.ts';
import { formatAddress } from '../../src/wire/address.ts';
import { carrierName } from '../../src/wire/carriers.ts';
import { FRAGMENT, locate, MALFORMED, newLayers, TCP, UNDECODED, type Layers } from '../../src/wire/layers.ts';
import { ack, dstPort, flags, RST, seq, srcPort, window } from '../../src/wire/tcp.ts';

const OUTCOMES = ['not TCP', 'TCP', 'cut', 'malformed', 'undecoded', 'fragment'];

/** One RST as text, field by field, so that both readings compare as strings. */
type RstFields = Readonly<Record<string, string>>;

interface Reading {
  readonly rsts: ReadonlyMap<number, RstFields>;
  /** Why a frame is no TCP to the reader. */
  readonly reasons: ReadonlyMap<number, string>;
  /** Packets that the sink received. */
  readonly delivered: number;
  readonly info: CaptureInfo | undefined;
  readonly error: string | undefined;
}

async function main(folder: string): Promise<void> {
  const expected = readExpected(join(folder, 'tshark-rsts.jsonl'));
  const packets = readPacketCounts(join(folder, 'index.tsv'));
  let equal = 0;
  let excused = 0;
  let unexplained = 0;
  let unread = 0;
  const files = readdirSync(join(folder, 'captures')).toSorted();
  for (const file of files) {
    const wanted = expected.get(file) ?? new Map<number, RstFields>();
    const reading = await readCapture(join(folder, 'captures', file));
    if (reading.error !== undefined) {
      unread++;
      console.log(`${file}: not read, ${wanted.size} RSTs: ${reading.error}`);
      continue;
    }
    // The index leaves out the frames without a packet, such as custom blocks, which tshark numbers all the same.
    if (reading.delivered !== packets.get(file)) {
      unexplained++;
      console.log(`${file}: ${reading.delivered} packets, the index says ${packets.get(file)}`);
    }
    for (const damage of reading.info?.damage ?? []) console.log(`${file}: damage at ${damage.offset}: ${damage.what}`);
    for (const [frame, rst] of wanted) {
      const found = reading.rsts.get(frame);
      const difference = found === undefined ? undefined : differenceOf(rst, found);
      const reason = found === undefined ? reading.reasons.get(frame) : undefined;
      if (found !== undefined && difference === '') equal++;
      else if (reason !== undefined) excused++;
      else unexplained++;
      if (difference !== '') console.log(`${file}: frame ${frame}: ${difference ?? reason ?? 'RST not found'}`);
    }
    for (const [frame, rst] of reading.rsts) {
      if (wanted.has(frame)) continue;
      unexplained++;
      console.log(`${file}: frame ${frame}: RST that tshark does not list: ${JSON.stringify(rst)}`);
    }
  }
  console.log(`${files.length} captures: ${equal} RSTs equal, ${excused} not decoded for the reasons above,`);
  console.log(`${unexplained} unexplained differences, ${unread} captures not read`);
  if (unexplained > 0) process.exitCode = 1;
}

function readPacketCounts(path: string): Map<string, number> {
  const [names = [], ...rows] = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const column = names.indexOf('packets');
  return new Map(rows.map((row) => [row[0] ?? '', Number(row[column])]));
}

function readExpected(path: string): Map<string, Map<number, RstFields>> {
  const byFile = new Map<string, Map<number, RstFields>>();
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const rst = JSON.parse(line) as Record<string, string | number>;
    const file = String(rst['file']);
    const frames = byFile.get(file) ?? new Map<number, RstFields>();
    byFile.set(file, frames);
    frames.set(Number(rst['frame']), {
      time: String(rst['ts']),
      src: `${rst['src']} ${rst['sport']}`,
      dst: `${rst['dst']} ${rst['dport']}`,
      flags: String(Number(rst['flags']) & 0x1ff),
      seq: String(rst['seq']),
      ack: String(rst['ack']),
      window: String(rst['win']),
      ttl: String(rst['ttl']),
      ipId: rst['ipid'] === null || rst['ipid'] === '' ? '-1' : String(Number(rst['ipid'])),
      len: String(rst['len']),
    });
  }
  return byFile;
}

async function readCapture(path: string): Promise<Reading> {
  const layers = newLayers();
  const rsts = new Map<number, RstFields>();
  const reasons = new Map<number, string>();
  let delivered = 0;
  const sink = {
    packet(
      view: DataView,
      start: number,
      end: number,
      wireLen: number,
      linkType: number,
      seconds: number,
      nanos: number,
      _direction: number,
      frame: number,
    ): void {
      delivered++;
      const outcome = locate(view, start, end, wireLen, linkType, layers);
      if (outcome !== TCP) reasons.set(frame, reasonOf(outcome, layers));
      else if ((flags(view, layers.tcp) & RST) !== 0) {
        rsts.set(frame, fieldsOf(view, layers, `${seconds}.${String(nanos).padStart(9, '0')}`));
      }
    },
  };
  try {
    const info = await openCapture(path).scan(sink);
    return { rsts, reasons, delivered, info, error: undefined };
  } catch (error) {
    if (!CaptureError.is(error)) throw error;
    return { rsts, reasons, delivered, info: undefined, error: `${error.code} ${error.problem}` };
  }
}

function reasonOf(outcome: number, layers: Layers): string {
  if (outcome === UNDECODED) return `undecoded ${carrierName(layers.carrier)}`;
  if (outcome === FRAGMENT || outcome === MALFORMED) return OUTCOMES[outcome] ?? '';
  return `${OUTCOMES[outcome]}, IP protocol ${layers.protocol}`;
}

function fieldsOf(view: DataView, layers: Layers, time: string): RstFields {
  const { tcp, tcpCaptured, version } = layers;
  return {
    time,
    src: `${formatAddress(view, layers.src, version)} ${srcPort(view, tcp)}`,
    dst: `${formatAddress(view, layers.dst, version)} ${dstPort(view, tcp)}`,
    flags: String(flags(view, tcp)),
    seq: String(seq(view, tcp)),
    ack: String(ack(view, tcp)),
    window: String(window(view, tcp, tcpCaptured)),
    ttl: String(layers.ttl),
    ipId: String(layers.ipId),
    len: String(layers.payloadLen),
  };
}

function differenceOf(wanted: RstFields, found: RstFields): string {
  return Object.keys(wanted)
    .filter((name) => wanted[name] !== found[name])
    .map((name) => `${name} is ${found[name]}, tshark says ${wanted[name]}`)
    .join('; ');
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: tsx test/corpus/check-wire.ts DIR');
await main(folder);
