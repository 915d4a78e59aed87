/** Events of one dispatcher told again by another, from when somebody listens there until nobody does. */
import type { Dispatcher } from 'undici';

const EVENTS: ReadonlySet<string | symbol> = new Set(['connect', 'disconnect', 'connectionError', 'drain']);

/** As the emitter knows it, for names that are not known in advance. */
interface Emitter {
  on(event: string | symbol, listener: (...args: never[]) => void): unknown;
  off(event: string | symbol, listener: (...args: never[]) => void): unknown;
  emit(event: string | symbol, ...args: unknown[]): boolean;
  listenerCount(event: string | symbol): number;
  getMaxListeners?(): number;
  setMaxListeners?(limit: number): unknown;
}

/** Returns what ends it for good: the dispatchers need not end together. */
export function forwardEvents(from: Dispatcher, to: Dispatcher): () => void {
  const inner = from as unknown as Emitter;
  const outer = to as unknown as Emitter;
  const forwarders = new Map<string | symbol, () => void>();
  const begin = (event: string | symbol): void => {
    if (!EVENTS.has(event) || forwarders.has(event)) return;
    const forward = (...args: unknown[]): void => void outer.emit(event, ...args);
    forwarders.set(event, forward);
    // One client more that listens is no leak: the program's own listeners keep their number.
    changeLimit(inner, 1);
    inner.on(event, forward);
  };
  const end = (event: string | symbol): void => {
    const forward = forwarders.get(event);
    if (forward === undefined) return;
    forwarders.delete(event);
    inner.off(event, forward);
    changeLimit(inner, -1);
  };
  const onRemoved = (event: string | symbol): void => {
    if (outer.listenerCount(event) === 0) end(event);
  };
  outer.on('newListener', begin);
  outer.on('removeListener', onRemoved);
  return () => {
    outer.off('newListener', begin);
    outer.off('removeListener', onRemoved);
    for (const event of forwarders.keys()) end(event);
  };
}

/** 0 stands for no limit. */
function changeLimit(emitter: Emitter, by: number): void {
  const limit = emitter.getMaxListeners?.() ?? 0;
  if (limit > 0) emitter.setMaxListeners?.(limit + by);
}
