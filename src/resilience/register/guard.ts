/** No failure of ours may reach the program: what throws once is switched off, silently, for good. */

/** Runs the part until it throws; afterwards does nothing. Two arguments and no rest: it runs on each request. */
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

/** A method of a prototype, found by name, that runs `before` and then itself, with the same receiver and arguments. */
export function before<T extends object>(
  prototype: T,
  name: string & keyof T,
  look: (receiver: object, first: unknown, second: unknown) => void,
): void {
  const original: unknown = prototype[name];
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  if (typeof original !== 'function' || descriptor?.configurable !== true || descriptor.writable !== true) return;
  const call = original as (...args: unknown[]) => unknown;
  let broken = false;
  const wrapper = function (this: object, ...args: unknown[]): unknown {
    if (!broken) {
      try {
        look(this, args[0], args[1]);
      } catch {
        broken = true;
      }
    }
    // Everything goes on as it came, the number of arguments included.
    return Reflect.apply(call, this, args);
  };
  // Same name and length: some programs print or count them.
  Object.defineProperty(wrapper, 'name', { value: call.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: call.length, configurable: true });
  Object.defineProperty(prototype, name, { ...descriptor, value: wrapper });
}
