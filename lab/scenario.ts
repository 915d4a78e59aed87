/** A scenario makes one reset (or a near miss) on a real kernel and says beforehand what is true about it. */
import type { Side } from '../src/terms/actors.ts';
import type { CauseId, SilenceId } from '../src/terms/causes.ts';
import type { Mechanism } from '../src/terms/mechanisms.ts';
import type { LabContext } from './context.ts';

/** What a scenario needs from the machine. */
export type Need =
  | 'root'
  | 'tcpdump'
  | 'python3'
  | 'netns'
  | 'tun'
  | 'nft'
  | 'ss'
  | 'openssl'
  | 'nginx'
  | 'haproxy'
  | 'conntrack'
  | 'tcpkill'
  | 'apache2'
  | 'stunnel'
  | 'hping3'
  | 'redis'
  | 'postgres'
  | 'memory-groups';

/** Where a capture may be taken. `loopback` is the only point of a loopback scenario. */
export type Point = 'loopback' | 'client' | 'router' | 'server';

/** What a seed may vary because it must not matter (variation.ts); a scenario whose truth hangs on one of them says so. */
export type Varied = 'family' | 'delay' | 'loss' | 'ttl' | 'timestamps' | 'offloads' | 'payload' | 'snap';

/** What was done, stated before any tool has looked. */
export interface Truth {
  /** The side whose kernel, or in whose name somebody, sent the RST; null without a RST. */
  readonly sender: Side | null;
  /** Who really sent it, where the mechanism alone does not say: a REJECT on the end host itself is the endpoint's. */
  readonly actor?: 'endpoint' | 'middlebox';
  readonly mechanism: Mechanism | null;
  /** Null when nothing went wrong. */
  readonly cause: CauseId | SilenceId | null;
  /** Causes that leave the same bytes at this capture point; empty means that the cause is identifiable. */
  readonly equivalent: readonly CauseId[];
  /** Why the bytes are the same; required where `equivalent` is not empty. */
  readonly equivalentBecause?: string;
  /** What was done, in one or two sentences. */
  readonly why: string;
  /** Resets of other connections in the capture that this one followed, in their order. */
  readonly earlier?: readonly Truth[];
}

export interface Scenario {
  /** `<cause>/<name>`; the capture is called `<kind>-<name>.pcap`. */
  readonly id: `${CauseId | SilenceId}/${string}`;
  /** The cause that must be named (`fires`) or must not be (`quiet`). */
  readonly cause: CauseId | SilenceId;
  readonly kind: 'fires' | 'quiet';
  readonly title: string;
  readonly needs: readonly Need[];
  readonly where: 'loopback' | 'namespaces';
  /** Free TCP ports to reserve; default 1. */
  readonly ports?: number;
  /** How many of the ports, from the first, the capture holds; default all. */
  readonly capturedPorts?: number;
  /** The capture begins when `run` calls `beginCapture`, not before it. */
  readonly late?: true;
  /** Capture points; the first names the file, further ones are appended as `@point`. */
  readonly points?: readonly Point[];
  /** Captures the loopback device of the hosts, or all their devices, instead of the cable between them. */
  readonly device?: 'lo' | 'any';
  /** What a seed must leave alone, because it would change what is true here. */
  readonly fixed?: readonly Varied[];
  /** Connections (incarnations) with at least one RST that the capture must show, per point where they differ. */
  readonly resets: number | Partial<Record<Point, number>>;
  readonly truth: Truth;
  /** The truth at capture points where the RST is another one, or of another meaning. */
  readonly truthAt?: Partial<Record<Point, Truth>>;
  readonly run: (lab: LabContext) => Promise<void>;
}

/** Checks a scenario's promises about itself and returns it unchanged. */
export function defineScenario(scenario: Scenario): Scenario {
  const { id, cause, truth } = scenario;
  if (!id.startsWith(`${cause}/`)) throw new TypeError(`scenario ${id} must start with its cause, ${cause}/`);
  if (truth.equivalent.length > 0 && truth.equivalentBecause === undefined) {
    throw new TypeError(`scenario ${id} names equivalent causes without saying why the bytes are the same`);
  }
  return scenario;
}

/** The scenario's name without its cause. */
export function scenarioName(scenario: Scenario): string {
  return scenario.id.slice(scenario.cause.length + 1);
}

/** Where the scenario is captured; the first point names the file. */
export function pointsOf({ points, where }: Scenario): readonly Point[] {
  return points ?? [where === 'loopback' ? 'loopback' : 'client'];
}

/** Where a capture was taken, by the name of its file. */
export function pointOf(scenario: Scenario, file: string): Point {
  const points = pointsOf(scenario);
  return points.find((point) => file.endsWith(`@${point}.pcap`)) ?? points[0]!;
}

/** The truth at one capture point; where no RST passes, nothing is to be seen. */
export function truthAt(scenario: Scenario, point: Point): Truth {
  const { truth } = scenario;
  const own = scenario.truthAt?.[point];
  if (own !== undefined) return own;
  if (truth.sender === null || expectedResets(scenario, point) > 0) return truth;
  return {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: `Seen from here there is no RST. ${truth.why}`,
  };
}

/** Whether the scenario's cause must be named at one capture point, or must not. */
export function kindAt(scenario: Scenario, point: Point): 'fires' | 'quiet' {
  return scenario.kind === 'fires' && truthAt(scenario, point).cause === scenario.cause ? 'fires' : 'quiet';
}

/** Connections with a RST that the capture at `point` must show. */
export function expectedResets(scenario: Scenario, point: Point): number {
  return typeof scenario.resets === 'number' ? scenario.resets : (scenario.resets[point] ?? 0);
}

/** What every loopback scenario needs. */
export const LOOPBACK: readonly Need[] = ['root', 'tcpdump'];
/** What every scenario in namespaces needs. */
export const NAMESPACES: readonly Need[] = ['root', 'tcpdump', 'python3', 'netns', 'tun'];
