/** A value, or the promise of one: a turn of the microtask queue costs a framework more than a store in memory. */
export type Eventually<T> = T | Promise<T>;
