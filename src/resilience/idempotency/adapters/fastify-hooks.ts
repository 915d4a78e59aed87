/**
 * The two hooks of the plugin, taken off the routes that they pass by. Fastify runs the hooks of a scope for all its
 * routes, and two that do nothing cost a GET a twentieth of its time; it has no way to say for which methods they are.
 * Adding them to the routes instead would change their order, and leave out the routes that come before the plugin.
 *
 * Assumes of Fastify 5 where a request has its route (`Symbol(fastify.context)`) and that the route has its hooks in lists
 * or null (lib/context.js, lib/route.js). Where that is not so the hooks stay and do nothing.
 */

/** Of a request of Fastify. */
interface Routed {
  readonly routeOptions?: { readonly method?: string | readonly string[] | undefined } | undefined;
}

interface RouteContext {
  preHandler: unknown;
  onSend: unknown;
}

type Hook = (...given: never[]) => void;

export class FastifyHooks<Before extends Hook, After extends Hook> {
  readonly before: Before;
  readonly after: After;
  readonly #isFor: (method: string) => boolean;
  /** Routes that need the hooks, or cannot lose them. */
  readonly #kept: WeakSet<RouteContext> = new WeakSet();
  #contextSymbol: symbol | undefined;

  /** `isFor`: whether requests of this method need the hooks. */
  constructor(isFor: (method: string) => boolean, before: Before, after: After) {
    this.#isFor = isFor;
    this.before = asItself(before);
    this.after = asItself(after);
  }

  /** A request that needs neither hook: if no other one of its route does, the next one is spared them. */
  passedBy(request: Routed): void {
    const context = this.#contextOf(request);
    if (context === undefined || this.#kept.has(context)) return;
    const { preHandler, onSend } = context;
    const { method } = request.routeOptions ?? {};
    // Not of routes for what was not found: they are for every method.
    const isNeeded = method === undefined || [method].flat().some((one) => this.#isFor(one));
    if (isNeeded || !holds(preHandler, this.before) || !holds(onSend, this.after)) {
      this.#kept.add(context);
      return;
    }
    // New lists: requests under way may go through the old ones.
    context.preHandler = without(preHandler, this.before);
    context.onSend = without(onSend, this.after);
  }

  #contextOf(request: Routed): RouteContext | undefined {
    this.#contextSymbol ??= Object.getOwnPropertySymbols(request).find(isContext);
    if (this.#contextSymbol === undefined) return undefined;
    return (request as Record<symbol, RouteContext>)[this.#contextSymbol];
  }
}

function isContext({ description }: symbol): boolean {
  return description === 'fastify.context';
}

/** Fastify binds each hook to the instance, after which it could not be found. These do not need it. */
function asItself<T extends Hook>(hook: T): T {
  return Object.assign(hook, { bind: () => hook });
}

function holds(hooks: unknown, own: Hook): hooks is readonly unknown[] {
  return Array.isArray(hooks) && hooks.includes(own);
}

function without(hooks: readonly unknown[], own: Hook): readonly unknown[] | null {
  const rest = hooks.filter((hook) => hook !== own);
  return rest.length === 0 ? null : rest;
}
