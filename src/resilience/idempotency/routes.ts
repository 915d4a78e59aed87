/**
 * Which routes have handlers that put their effects into `transact`, learnt from what they do: only their lost claims may
 * be run again.
 */

/** Routes that are remembered; beyond, a route counts as one that was never seen. */
const MAX_ROUTES = 1000;
/** Path segments that look like ids: digits, or long with a digit in them. */
const ID = /\/(?:\d+|(?=[^/]*\d)[^/]{16,})(?=\/|$)/g;

/** What is known of a route; `mixed` for good. */
type Known = 'transacts' | 'mixed';

export class Routes {
  readonly #known: Map<string, Known> = new Map();

  /** Whether every handler seen on this route has used `transact`, and there was one. */
  transacts(route: string): boolean {
    return this.#known.get(route) === 'transacts';
  }

  /** A handler committed through `transact`, or (`false`) succeeded without. */
  learn(route: string, didTransact: boolean): void {
    const known = this.#known.get(route);
    if (known === 'mixed' || (known === undefined && this.#known.size >= MAX_ROUTES)) return;
    if (!didTransact) this.#known.set(route, 'mixed');
    else if (known === undefined) this.#known.set(route, 'transacts');
  }
}

/** Method and the framework's `pattern`; without one the path as far as it tells the route: no query, ids left out. */
export function routeOf(method: string, url: string, pattern?: string): string {
  if (pattern !== undefined) return `${method} ${pattern}`;
  const query = url.indexOf('?');
  return `${method} ${(query === -1 ? url : url.slice(0, query)).replaceAll(ID, '/*')}`;
}
