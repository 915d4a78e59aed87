/** Sends an answer of the middleware through node:http. */
import type { ServerResponse } from 'node:http';
import type { StoredResponse } from './store.ts';

/** Sets status and fields over those there are, and ends the response. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: StoredResponse): void {
  response.statusCode = status;
  for (const name in headers) response.setHeader(name, headers[name]!);
  // As node does for a handler that ends at once; 204 and 304 have no body and no length.
  if (body === null || body.length === 0) response.end();
  else response.end(body);
}
