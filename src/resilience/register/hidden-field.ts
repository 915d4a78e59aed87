/**
 * A value of ours on an object that is not ours: no key, no symbol, nothing that the program could list or print, and
 * it goes with the object. A private field of a class does it: in V8 it costs a property read, where a WeakMap costs
 * a hash table's look-up, an insertion on each request and work in each garbage collection.
 */

interface HiddenField<T> {
  /** Undefined when the object has none. */
  get(holder: object): T | undefined;
  /** Objects that take no more fields are left without. */
  set(holder: object, value: T): void;
}

/** A new field. */
export function hiddenField<T>(): HiddenField<T> {
  class Stamp extends Given {
    #value: T;

    constructor(holder: object, value: T) {
      super(holder);
      this.#value = value;
    }

    static get(holder: object): T | undefined {
      return #value in holder ? holder.#value : undefined;
    }

    static set(holder: object, value: T): void {
      if (#value in holder) holder.#value = value;
      // oxlint-disable-next-line no-new -- what is made is the field on the holder
      else if (Object.isExtensible(holder)) new Stamp(holder, value);
    }
  }
  return Stamp;
}

/** A base class whose constructor returns the object it was given: the fields of the derived class are put on it. */
const Given = function (holder: object): object {
  return holder;
} as unknown as new (holder: object) => object;
