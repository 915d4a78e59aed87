/** What a reader learns about a capture while it reads: the `inputs` part of the report. */
import { linkTypeName } from '../wire/link-types.ts';

/** A place where the capture contradicts its format; reading went on behind it. */
export interface Damage {
  /** Byte offset in the decompressed capture. */
  readonly offset: number;
  readonly what: string;
}

/** One pcapng interface, or the only one of a pcap file. */
export interface CaptureInterface {
  readonly linkType: number;
  /** Bytes kept of each packet; 0 where there is no limit. */
  readonly snapLen: number;
  /** Ticks of a timestamp per second. */
  readonly resolution: number;
  readonly name?: string;
}

/** Facts about the capture, complete once the reader has ended. */
export interface CaptureInfo {
  /** Such as `pcap`, `pcap (big-endian)`, `pcap (nanoseconds)`, `pcapng`. */
  readonly format: string;
  /** Name of the first interface's link type, such as EN10MB; empty when the file declares none. */
  readonly linkType: string;
  /** Link types of all interfaces that carry packets or are declared. */
  readonly linkTypes: ReadonlySet<number>;
  /** Frames as Wireshark numbers them. */
  readonly packets: number;
  /** Bytes of the decompressed capture read so far. */
  readonly bytes: number;
  /** Packets that the snap length cut. */
  readonly truncated: number;
  /** The first 64 damaged places. */
  readonly damage: readonly Damage[];
  /** Damaged places beyond those. */
  readonly moreDamage: number;
  /** The first 256 interfaces. */
  readonly interfaces: readonly CaptureInterface[];
}

/** `CaptureInfo` while it is being filled. */
export interface MutableCaptureInfo extends CaptureInfo {
  format: string;
  linkType: string;
  linkTypes: Set<number>;
  packets: number;
  bytes: number;
  truncated: number;
  damage: Damage[];
  moreDamage: number;
  interfaces: CaptureInterface[];
}

const MAX_DAMAGE = 64;
const MAX_INTERFACES = 256;

/** An empty record. */
export function newCaptureInfo(): MutableCaptureInfo {
  return {
    format: '',
    linkType: '',
    linkTypes: new Set(),
    packets: 0,
    bytes: 0,
    truncated: 0,
    damage: [],
    moreDamage: 0,
    interfaces: [],
  };
}

/** Counts a damaged place, and lists it while the list is short. */
export function addDamage(info: MutableCaptureInfo, offset: number, what: string): void {
  if (info.damage.length < MAX_DAMAGE) info.damage.push({ offset, what });
  else info.moreDamage++;
}

/** Lists an interface and its link type. */
export function addInterface(info: MutableCaptureInfo, added: CaptureInterface): void {
  if (info.linkType === '') info.linkType = linkTypeName(added.linkType);
  // A 16-bit number in both formats, so this set is bounded.
  info.linkTypes.add(added.linkType);
  if (info.interfaces.length < MAX_INTERFACES) info.interfaces.push(added);
}
