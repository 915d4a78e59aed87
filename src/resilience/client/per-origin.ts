/** One value for each origin, made when first asked for, of which only the latest are kept. */

const MAX_ORIGINS = 1000;

export class PerOrigin<T> {
  readonly #make: (origin: string) => T;
  readonly #values = new Map<string, T>();
  #lastOrigin: string | null = null;
  #last: T | null = null;

  constructor(make: (origin: string) => T) {
    this.#make = make;
  }

  of(origin: string): T {
    // Most programs ask one origin many times in a row.
    if (origin === this.#lastOrigin) return this.#last as T;
    const found = this.#find(origin);
    this.#lastOrigin = origin;
    this.#last = found;
    return found;
  }

  #find(origin: string): T {
    const known = this.#values.get(origin);
    if (known !== undefined) return known;
    // A program that follows links would otherwise keep one entry for each host it ever saw.
    if (this.#values.size >= MAX_ORIGINS) this.#values.delete(this.#values.keys().next().value!);
    const made = this.#make(origin);
    this.#values.set(origin, made);
    return made;
  }
}
