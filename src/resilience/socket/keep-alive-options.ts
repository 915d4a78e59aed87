/** What keepAlive() takes: units, ranges, and defaults chosen from the idle limits of what lies on the path. */

export interface KeepAliveOptions {
  /** Quiet before the first probe, in milliseconds; the kernel counts whole seconds. 1000 to 32 767 000; 60 000 unless given. */
  readonly idleMs?: number | undefined;
  /** Between unanswered probes, in milliseconds; the kernel counts whole seconds. 1000 to 32 767 000; 15 000 unless given. */
  readonly intervalMs?: number | undefined;
  /** Unanswered probes after which the connection is dead. 1 to 127; 4 unless given. */
  readonly count?: number | undefined;
  /**
   * How long sent data, or a probe, may stay unacknowledged before the kernel gives the connection up, in milliseconds.
   * 0 (the kernel's own limit, about 15 minutes for data) to 2 147 483 647; `idleMs + intervalMs * count` unless given.
   * When set, it and no longer `count` decides when probing ends (net/ipv4/tcp_timer.c, tcp_keepalive_timer).
   */
  readonly userTimeoutMs?: number | undefined;
}

/** The four settings, all given. */
export type KeepAliveSettings = { readonly [Name in keyof KeepAliveOptions]-?: number };

/**
 * A quarter of the shortest limit below: three probes in a row may be lost. A dead peer is noticed within two minutes.
 *
 * Who forgets a quiet connection, and when: Azure Load Balancer and NAT 240 s (learn.microsoft.com, "TCP reset and idle
 * timeout in Azure Load Balancer"); AWS Network Load Balancer and NAT gateway 350 s (docs.aws.amazon.com, "Update the
 * TCP idle timeout for your Network Load Balancer listener"); Linux IPVS 900 s (net/netfilter/ipvs/ip_vs_proto_tcp.c);
 * Juniper 30 min, Cisco ASA and FortiGate 1 h (their manuals). Without options Linux probes after 7200 s: too late for all.
 */
export const KEEP_ALIVE_DEFAULTS: { readonly idleMs: number; readonly intervalMs: number; readonly count: number } = {
  idleMs: 60_000,
  intervalMs: 15_000,
  count: 4,
};

/** The options with their defaults. Throws a RangeError with unit and range for a value that no kernel takes. */
export function toSettings(options: KeepAliveOptions = {}): KeepAliveSettings {
  const idleMs = options.idleMs ?? KEEP_ALIVE_DEFAULTS.idleMs;
  const intervalMs = options.intervalMs ?? KEEP_ALIVE_DEFAULTS.intervalMs;
  const count = options.count ?? KEEP_ALIVE_DEFAULTS.count;
  inRange('idleMs', idleMs, 1000, MAX_SECONDS * 1000, 'milliseconds');
  inRange('intervalMs', intervalMs, 1000, MAX_SECONDS * 1000, 'milliseconds');
  inRange('count', count, 1, MAX_COUNT, 'probes');
  const userTimeoutMs = options.userTimeoutMs ?? Math.min(idleMs + intervalMs * count, MAX_INT);
  inRange('userTimeoutMs', userTimeoutMs, 0, MAX_INT, 'milliseconds');
  // Rounded down as Node rounds: a probe too early does no harm.
  return { idleMs: wholeSeconds(idleMs), intervalMs: wholeSeconds(intervalMs), count, userTimeoutMs };
}

/** MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT of include/net/tcp.h. */
const MAX_SECONDS = 32_767;
const MAX_COUNT = 127;
const MAX_INT = 2_147_483_647;

function inRange(name: string, value: unknown, min: number, max: number, unit: string): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number of ${unit} from ${min} to ${max}, not ${String(value)}`);
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
