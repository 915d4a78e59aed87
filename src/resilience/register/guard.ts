/** No failure of ours may reach the program: what throws once is switched off, silently, for good. */

/** Runs the part until it throws; afterwards does nothing. */
export function guarded<A, B>(part: (first: A, second: B) => void): (first: A, second: B) => void {
  let broken = false;
  return (first, second) => {
    if (broken) return;
    try {
      part(first, second);
    } catch {
      broken = true;
    }
  };
}

/**
 * Puts in the place of a prototype's method what `wrap` makes of it. Each caller writes its own wrapper, with the
 * arguments that the method has: one wrapper for all would be compiled for none of them, and made an array on each call.
 */
export function replaceMethod<T extends object, F extends (...args: never[]) => unknown>(
  prototype: T,
  name: string,
  wrap: (original: F) => F,
): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  const original: unknown = descriptor?.value;
  if (typeof original !== 'function' || descriptor?.configurable !== true || descriptor.writable !== true) return;
  const wrapper = wrap(original as F);
  // Same name and length: some programs print or count them.
  Object.defineProperty(wrapper, 'name', { value: original.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true });
  Object.defineProperty(prototype, name, { ...descriptor, value: wrapper });
}
