/** Sends an answer of the middleware through node:http. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Answer } from './store.ts';

/** Sets status and fields over those there are, and ends the response. */
export function sendAnswer(response: ServerResponse, answer: Answer): void {
  const { status, headers, body } = answer;
  if (body === null || body.length === 0 || hasNoBody(status) || response.req?.httpVersionMajor !== 1)
    return sendByField(response, answer);
  // One call with all fields costs a third of a call for each, and a text leaves in one piece with them. An object: packages
  // that put themselves before writeHead do not all understand a list.
  const fields: OutgoingHttpHeaders = {};
  for (const name in headers) fields[name] = headers[name] as string | string[];
  fields['content-length'] = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  response.writeHead(status, fields);
  response.end(body);
}

/** As node does for a handler that ends at once, it finds the length itself, where there is one. */
function sendByField(response: ServerResponse, { status, headers, body }: Answer): void {
  response.statusCode = status;
  for (const name in headers) response.setHeader(name, headers[name]!);
  if (body === null || body.length === 0) response.end();
  else response.end(body);
}

/** RFC 9110 §15.3.5, §15.4.5: no body and no length. */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}
