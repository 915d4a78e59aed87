/** Promises whose value can be had at once: a turn of the microtask queue costs a framework more than a store in memory. */

/** A value, or the promise of one. */
export type Eventually<T> = T | Promise<T>;

const VALUE: unique symbol = Symbol('value');

interface Settled<T> extends Promise<T> {
  readonly [VALUE]?: T;
}

/** A promise, fulfilled with `value`, of which `eventually` knows the value. */
export function settled<T>(value: T): Promise<T> {
  const promise = Promise.resolve(value) as { -readonly [Member in keyof Settled<T>]: Settled<T>[Member] };
  promise[VALUE] = value;
  return promise as Promise<T>;
}

/** The value of a promise that `settled` made, and any other promise as it is. */
export function eventually<T>(promise: Promise<T>): Eventually<T> {
  return VALUE in promise ? ((promise as Settled<T>)[VALUE] as T) : promise;
}
