/** What a drain and a lingering close may be told, and what they do untold. */
import { constants } from 'node:os';

/** How long and how much of a refused request's body is still taken. */
export interface LingeringOptions {
  /** Milliseconds from the end of the answer until the connection is cut. Default 30,000. */
  readonly deadlineMs?: number;
  /** Bytes taken after the end of the answer until the connection is cut. Default 268,435,456 (256 MiB). */
  readonly maxBytes?: number;
}

/** The phases of a drain. All but the deadline are quick when there is nothing to wait for. */
export interface DrainOptions {
  /** Signals that start the drain; false for none. Default SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[] | false;
  /**
   * Milliseconds the server goes on accepting after readiness turned 503, so that whoever sends traffic here can learn
   * of it. Default 5,000.
   */
  readonly propagationDelayMs?: number;
  /** Milliseconds an idle connection is kept for its client to leave, once no new ones are accepted. Default 5,000. */
  readonly idleGraceMs?: number;
  /** Milliseconds from the start of the drain until what is left is cut. Default 25,000, five short of Kubernetes' 30. */
  readonly deadlineMs?: number;
  /** Lingering closes while the server still serves; false leaves them to Node until the drain. Default on. */
  readonly lingering?: LingeringOptions | false;
}

export interface DrainPlan {
  readonly signals: readonly NodeJS.Signals[];
  readonly propagationDelayMs: number;
  readonly idleGraceMs: number;
  readonly deadlineMs: number;
}

export interface LingeringPlan {
  readonly deadlineMs: number;
  readonly maxBytes: number;
}

/** Checks the options of drain() and fills in the defaults. */
export function readDrainOptions(options: DrainOptions): DrainPlan {
  checkObject('drain', 'options', options);
  const { signals = ['SIGTERM', 'SIGINT'], lingering } = options;
  if (signals !== false && !Array.isArray(signals))
    throw new TypeError(`drain: signals must be an array of signal names or false, got ${String(signals)}`);
  for (const signal of signals === false ? [] : signals)
    if (!Object.hasOwn(constants.signals, signal) || signal === 'SIGKILL' || signal === 'SIGSTOP')
      throw new TypeError(`drain: signals must be names of signals that can be caught, got ${String(signal)}`);
  if (lingering !== undefined && lingering !== false) readLingeringOptions(lingering);
  return {
    signals: signals === false ? [] : [...new Set(signals)],
    propagationDelayMs: delay('drain', 'propagationDelayMs', options.propagationDelayMs ?? 5000),
    idleGraceMs: delay('drain', 'idleGraceMs', options.idleGraceMs ?? 5000),
    deadlineMs: delay('drain', 'deadlineMs', options.deadlineMs ?? 25_000),
  };
}

/** Checks the options of lingering() and fills in the defaults. */
export function readLingeringOptions(options: LingeringOptions): LingeringPlan {
  checkObject('lingering', 'options', options);
  const { maxBytes = 256 * 2 ** 20 } = options;
  if (typeof maxBytes !== 'number' || !(maxBytes >= 0))
    throw new RangeError(`lingering: maxBytes must be a number of bytes from 0, got ${String(maxBytes)}`);
  return { deadlineMs: delay('lingering', 'deadlineMs', options.deadlineMs ?? 30_000), maxBytes };
}

/** Checks that it was a server that was given, and not the framework around it. */
export function checkServer(who: string, server: unknown): void {
  const { emit, close, getConnections } = (server ?? {}) as Record<string, unknown>;
  if ([emit, close, getConnections].every((method) => typeof method === 'function')) return;
  throw new TypeError(
    `${who}: the first argument must be a server of node:net, tls, http, https or http2 (of Fastify: app.server), got ${nameOf(server)}`,
  );
}

function checkObject(who: string, name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw new TypeError(`${who}: ${name} must be an object, got ${nameOf(value)}`);
}

function nameOf(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { constructor: made } = value as { constructor?: { name?: string } };
  return made?.name ? `an object (${made.name})` : 'an object';
}

function delay(who: string, name: string, ms: number): number {
  if (typeof ms === 'number' && ms >= 0 && ms <= LONGEST_DELAY_MS) return ms;
  const Wrong = typeof ms === 'number' ? RangeError : TypeError;
  throw new Wrong(`${who}: ${name} must be milliseconds from 0 to ${LONGEST_DELAY_MS}, got ${String(ms)}`);
}

/** Beyond it setTimeout() fires at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;
