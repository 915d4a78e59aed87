/** What a readiness probe is told. */
import type { RequestListener } from 'node:http';

/** Where a server is in its life. */
export type DrainState = 'serving' | 'draining' | 'closed';

/** A listener that answers 200 `{"status":"ready"}` while the server serves, else 503 `{"status":"draining"}`. */
export function readinessOf(state: () => DrainState): RequestListener {
  return (request, response) => {
    const now = state();
    const body = JSON.stringify({ status: now === 'serving' ? 'ready' : now });
    response.writeHead(now === 'serving' ? 200 : 503, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}
