/** How long a connection may lie idle before it must not be used again. */

export interface IdleSettings {
  /** The client's own limit in milliseconds; null: 4000 where the server gives no hint, else ten minutes. */
  readonly idleMs: number | null;
  /** Subtracted from the server's hint, in milliseconds, or the round trip where that is longer. */
  readonly marginMs: number;
}

/** Below the five seconds of most servers: Node, uvicorn, Apache httpd. */
const WITHOUT_HINT_MS = 4000;
/** The longest limit of undici, too. */
const LONGEST_MS = 600_000;

/**
 * Milliseconds that a connection may be idle; 0 when it should not be kept. The server's clock starts half a round
 * trip before ours, and our next request takes another half to arrive: hence a whole one less.
 */
export function idleLimitMs(keepAliveHeader: string | undefined, settings: IdleSettings, roundTripMs: number): number {
  const hint = HINT.exec(keepAliveHeader ?? '')?.[1];
  if (hint === undefined) return settings.idleMs ?? WITHOUT_HINT_MS;
  const untilRace = Number(hint) * 1000 - Math.max(settings.marginMs, Math.ceil(roundTripMs));
  return Math.max(0, Math.min(untilRace, settings.idleMs ?? LONGEST_MS));
}

/** RFC 2068 §19.7.1.1 as used today: whole seconds, possibly beside other parameters. */
const HINT = /(?:^|[\s,;])timeout\s*=\s*"?(\d+)/i;
