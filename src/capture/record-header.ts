/**
 * How long the record headers of a pcap file are. Around 1999 distributions patched libpcap, and some kept the magic
 * number of what they changed; the second record shows where the first one ended.
 */
import { NEED_MORE } from './resync.ts';

/** What the file header says about the sixteen bytes that every record begins with. */
export interface RecordFields {
  readonly littleEndian: boolean;
  /** Fractions of a second per second. */
  readonly units: number;
  /** Longest plausible packet. */
  readonly maxLen: number;
  readonly capturedAt: number;
  readonly wireAt: number;
}

/** Lengths in bytes, the usual one first: plain libpcap, Red Hat 6.1, Nokia's firewalls. */
export const STANDARD_LENGTHS: readonly number[] = [16, 24, 20];
/** Kuznetzov's patch, and that of SuSE 6.3. */
export const MODIFIED_LENGTHS: readonly number[] = [24, 28];

const BASE_LEN = 16;
/** Longer headers go on with the number of the interface. */
const MAX_INTERFACE_INDEX = 0xffff;
const SECONDS_PER_DAY = 86_400;

/** The first of the lengths under which a record follows the one at `at`, else the usual one; or NEED_MORE. */
export function findRecordHeaderLen(
  view: DataView,
  at: number,
  to: number,
  final: boolean,
  lengths: readonly number[],
  fields: RecordFields,
): number {
  const usual = lengths[0] ?? BASE_LEN;
  if (lengths.length < 2) return usual;
  if (to - at < BASE_LEN + 4) return final ? usual : NEED_MORE;
  // Few packets begin like the number of an interface, so most files are decided without waiting for a second record.
  if (view.getUint32(at + BASE_LEN, fields.littleEndian) > MAX_INTERFACE_INDEX) return usual;
  if (!isPlausible(view, at, fields)) return usual;
  for (const len of lengths) {
    const next = at + len + view.getUint32(at + fields.capturedAt, fields.littleEndian);
    if (to - next < BASE_LEN && !final) return NEED_MORE;
    if (next === to || (to - next >= BASE_LEN && follows(view, at, next, fields))) return len;
  }
  return usual;
}

function follows(view: DataView, at: number, next: number, fields: RecordFields): boolean {
  const seconds = view.getUint32(next, fields.littleEndian) - view.getUint32(at, fields.littleEndian);
  return Math.abs(seconds) <= SECONDS_PER_DAY && isPlausible(view, next, fields);
}

function isPlausible(view: DataView, at: number, fields: RecordFields): boolean {
  const { littleEndian, units, maxLen, capturedAt, wireAt } = fields;
  const capturedLen = view.getUint32(at + capturedAt, littleEndian);
  const isWhole = capturedLen > 0 && capturedLen <= maxLen && view.getUint32(at + wireAt, littleEndian) >= capturedLen;
  return isWhole && view.getUint32(at + 4, littleEndian) < units;
}
