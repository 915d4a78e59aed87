/** Many who follow one AbortSignal, behind one listener: Node warns of a leak at eleven. */

export type Follower = (reason: Error) => void;

/** AbortSignal.any would do without a limit, but Node 20 never forgets what it made for a signal that lives on. */
const MAX_LEFT_BEHIND = 1000;

const groups: WeakMap<AbortSignal, Followers> = new WeakMap();

/** Calls `follower` when the signal fires, until `unfollow`. */
export function follow(signal: AbortSignal, follower: Follower): void {
  followersOf(signal).add(follower);
}

export function unfollow(signal: AbortSignal, follower: Follower): void {
  groups.get(signal)?.delete(follower);
}

/** As `follow`, for what nobody will take back: the latest thousand of a signal are kept. */
export function followOn(signal: AbortSignal, follower: Follower): void {
  followersOf(signal).leave(follower);
}

/** The reason of an aborted signal as an Error. */
export function toReason(signal: AbortSignal | null): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error
    ? reason
    : new DOMException(String(reason ?? 'This operation was aborted'), 'AbortError');
}

function followersOf(signal: AbortSignal): Followers {
  let found = groups.get(signal);
  if (found === undefined) groups.set(signal, (found = new Followers(signal)));
  return found;
}

class Followers {
  readonly #signal: AbortSignal;
  readonly #running = new Set<Follower>();
  readonly #leftBehind = new Set<Follower>();
  readonly #onAbort = (): void => {
    const all = [...this.#running, ...this.#leftBehind];
    this.#leftBehind.clear();
    for (const follower of all) follower(toReason(this.#signal));
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(follower: Follower): void {
    this.#running.add(follower);
    this.#listen();
  }

  delete(follower: Follower): void {
    this.#running.delete(follower);
    if (this.#running.size + this.#leftBehind.size === 0) this.#signal.removeEventListener('abort', this.#onAbort);
  }

  leave(follower: Follower): void {
    if (this.#leftBehind.size >= MAX_LEFT_BEHIND) this.#leftBehind.delete(this.#leftBehind.values().next().value!);
    this.#leftBehind.add(follower);
    this.#listen();
  }

  #listen(): void {
    // The same function is added once only.
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
  }
}
