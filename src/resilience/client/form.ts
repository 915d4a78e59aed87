/** A form as bytes: undici draws a new boundary for each attempt, and to a server that compares bodies that is another request. */
import { requestHeader, withNewHeader } from './headers.ts';
import type { Dispatcher } from 'undici';
import { undici } from './undici.ts';

type Options = Dispatcher.DispatchOptions;
/** undici's form and the global one are of two classes; each can be read only by its own. */
type Form = Iterable<[string, string | { readonly size: number }]>;

export function isForm(body: object): body is Form {
  return body instanceof undici.FormData || body instanceof FormData;
}

/** What the values of a form are together, in bytes. */
export function formBytes(form: Form): number {
  let bytes = 0;
  for (const [name, value] of form) {
    bytes += name.length + (typeof value === 'string' ? Buffer.byteLength(value) : value.size);
  }
  return bytes;
}

/** What to send in place of the form: its bytes, and the type with their boundary where the request names none. */
export async function writeForm(form: Form, headers: Options['headers']): Promise<Pick<Options, 'body' | 'headers'>> {
  const Reader = form instanceof FormData ? Response : undici.Response;
  const whole = new Reader(form as never);
  const type = whole.headers.get('content-type') ?? '';
  const body = Buffer.from(await whole.arrayBuffer());
  const named = requestHeader(headers, 'content-type') !== null;
  return named ? { body } : { body, headers: withNewHeader(headers, 'content-type', type) };
}
