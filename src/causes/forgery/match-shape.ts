/** Which of the known shapes a RST has, and whether they can be told apart from where the capture was taken. */
import { seqDiff } from '../../wire/seq.ts';
import { ACK } from '../../wire/tcp.ts';
import { OPT_TIMESTAMPS } from '../../wire/tcp-options.ts';
import type { Evidence } from '../../evidence/evidence.ts';
import type { Packet } from '../../flow/packets.ts';
import type { RstRecord } from '../../flow/rst-record.ts';
import type { Surroundings } from '../surroundings.ts';
import { unscaled } from '../window-text.ts';
import { DEVICE_SHAPES, type DeviceShape, type NumberRule, type Train } from './device-shapes.ts';

/** The shapes that nothing on the packet contradicts, those that were recorded first. */
export function shapesOf(rst: RstRecord, around: Surroundings): readonly DeviceShape[] {
  const train = trainOf(rst, around);
  const fitting = DEVICE_SHAPES.filter((shape) =>
    shape.train === null ? fits(shape, rst) : isTrain(shape.train, train) && fits(shape, train[0]!),
  );
  // Who sends its RSTs in a row of a certain form is told by the row from all that send one.
  const told = fitting.filter((shape) => shape.train !== null);
  return (told.length > 0 ? told : fitting).toSorted(
    (a, b) => Number(b.basis === 'recorded') - Number(a.basis === 'recorded'),
  );
}

/**
 * The likeness as evidence: which shapes, whence they are known, and what decides between them; null when none fits.
 * Endpoints are left out where the claimed sender is known not to have sent it.
 */
export function likeness(
  rst: RstRecord,
  around: Surroundings,
  endpoints: 'with-endpoints' | 'without-endpoints',
): { evidence: Evidence; decides: string } | null {
  const all = shapesOf(rst, around);
  const shapes = endpoints === 'with-endpoints' ? all : all.filter(({ sender }) => sender !== 'endpoint');
  if (shapes.length === 0) return null;
  const names = shapes.map(({ name, basis }) => `${name} (${basis === 'recorded' ? 'recorded' : 'only read about'})`);
  return {
    evidence: {
      fact: 'device-shape',
      frames: [{ input: around.input, frame: rst.packet.frame }],
      received: formOf(rst.packet),
      text: `its form is that of ${names.join(', or of ')}`,
    },
    decides:
      shapes.length === 1
        ? `Whether it was ${shapes[0]!.name}: ${shapes[0]!.decides}.`
        : `Which of them sent it, for their forms cannot be told apart here: ${shapes.map(({ name, decides }) => `${name}: ${decides}`).join('; ')}.`,
  };
}

/** A row of RSTs in the very form and steps that were recorded from a forger, and that no host is known to use. */
export function recordedTrain(rst: RstRecord, around: Surroundings): Evidence | null {
  const train = trainOf(rst, around);
  const shape = DEVICE_SHAPES.find(
    (one) => one.basis === 'recorded' && one.train !== null && isTrain(one.train, train) && fits(one, train[0]!),
  );
  if (shape === undefined) return null;
  return {
    fact: 'recorded-train',
    frames: train.map(({ packet: { frame } }) => ({ input: around.input, frame })),
    received: `${train.length} RSTs, ${train.map(({ packet }) => seqDiff(packet.seq, train[0]!.packet.seq)).join(', ')} bytes from the first`,
    text: `the RSTs stand in a row as ${shape.name} sends them, each so many of the receiver’s unscaled windows further: no host counts so`,
  };
}

function formOf({ flags, window, ttl, ipId, df }: Packet): string {
  const ip = ipId < 0 ? '' : `, IP-ID ${ipId}, DF ${df === 1 ? 'set' : 'clear'}`;
  return `${flags & ACK ? 'RST+ACK' : 'RST'}, window ${unscaled(window)}, TTL ${ttl}${ip}`;
}

/** Hops beyond which an initial value is no longer guessed; the Internet's longest paths have about 30. */
const MOST_HOPS = 40;

function fits(shape: DeviceShape, rst: RstRecord): boolean {
  const { packet, options } = rst;
  const isAck = (packet.flags & ACK) !== 0;
  if (isAck !== (shape.flags === 'RST+ACK')) return false;
  if (shape.options === 'none' && options !== 0) return false;
  if (shape.options === 'timestamps' && (options & OPT_TIMESTAMPS) === 0) return false;
  if (typeof shape.ttl === 'number' && (packet.ttl > shape.ttl || packet.ttl <= shape.ttl - MOST_HOPS)) return false;
  return fitsIp(shape, rst) && fitsWindow(shape, rst) && shape.number.some((rule) => fitsNumber(rule, rst));
}

/** IPv6 carries neither an identification nor DF: there nothing is held against a shape. */
function fitsIp(shape: DeviceShape, { packet, from }: RstRecord): boolean {
  if (packet.ipId < 0) return true;
  if (shape.df !== 'any' && packet.df !== shape.df) return false;
  if (shape.ipId === 'zero') return packet.ipId === 0;
  if (shape.ipId === 'random') return packet.ipId !== 0 && packet.ipId !== ((from.ipId + 1) & 0xffff);
  if (shape.ipId === 'counter') return from.ipId < 0 || ((packet.ipId - from.ipId) & 0xffff) <= 64;
  return true;
}

function fitsWindow({ window }: DeviceShape, { packet, trigger, lastFromReceiver }: RstRecord): boolean {
  if (typeof window === 'number') return packet.window === window;
  if (window === 'live') return packet.window > 0;
  if (window === 'copied') return packet.window === (trigger ?? lastFromReceiver)?.window;
  return true;
}

function fitsNumber(rule: NumberRule, { packet, from, trigger, firstFitting }: RstRecord): boolean {
  if (rule === 'end') return from.nextSeq >= 0 && packet.seq === from.nextSeq;
  if (rule === 'repeat') return from.lastDataFrame > 0 && isRepeat(packet.seq, from.nextSeq, from.mss);
  return trigger !== null || firstFitting !== null;
}

/** The start of the last segment is not kept; it lies within a segment's length of the end. */
function isRepeat(seq: number, end: number, mss: number): boolean {
  const back = seqDiff(end, seq);
  return back > 0 && back <= Math.max(1460, mss);
}

/** RSTs sent for one trigger come within this time of each other. */
const TRAIN_NS = 50e6;
const LONGEST = 8;
/** More RSTs of one connection are a flood, and comparing all costs the square of their number. */
const COMPARED = 64;

/** The RSTs of the same form and claimed sender around this one. */
function trainOf(rst: RstRecord, around: Surroundings): readonly RstRecord[] {
  const train = around.rsts
    .slice(0, COMPARED)
    .filter(
      (one) =>
        one.duplicateOf === null &&
        one.packet.side === rst.packet.side &&
        one.packet.flags === rst.packet.flags &&
        Math.abs(one.packet.tNs - rst.packet.tNs) < TRAIN_NS,
    );
  return train.length > LONGEST ? [] : train;
}

function isTrain({ count, steps, windowStep }: Train, train: readonly RstRecord[]): boolean {
  if (train.length < count) return false;
  const ofOne = train.slice(0, count);
  const first = ofOne[0]!;
  const unit = first.to.window;
  const wanted = steps === 'windows' ? [unit, 3 * unit] : steps;
  if (steps === 'windows' && unit <= 0) return false;
  return ofOne.slice(1).every((one, i) => {
    const step = seqDiff(one.packet.seq, first.packet.seq);
    const windowRise = one.packet.window - ofOne[i]!.packet.window;
    return step === wanted[i] && (windowStep === null || windowRise === windowStep);
  });
}
