import { FormData as UndiciForm } from 'undici';
import { afterEach, expect, it } from 'vitest';

import { createClient } from './create-client.ts';
import { reset, startOrigin } from './testing/origin.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

it.each([
  ['undici', UndiciForm],
  ['Node', FormData],
] as const)('a form of %s is sent again as the same bytes', async (_whose, Form) => {
  const origin = await startOrigin((n, request, response) => (n === 1 ? reset(request) : response.end('ok')));
  const client = createClient({ retry: { minDelayMs: 1 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  const body = new Form();
  body.append('name', 'Jörg');
  body.append('file', new Blob(['bytes of the file']), 'a.txt');
  const answer = await client.dispatcher.request({
    origin: origin.url,
    path: '/',
    method: 'POST',
    body: body as never,
  });
  expect(await answer.body.text()).toBe('ok');
  const [first, second] = origin.seen;
  expect(origin.seen).toHaveLength(2);
  expect(second!.key).toBe(first!.key);
  expect(second!.body).toBe(first!.body);
  expect(second!.headers['content-type']).toBe(first!.headers['content-type']);
  const sent = new Response(second!.body, {
    headers: { 'content-type': String(second!.headers['content-type']) },
  });
  const form = await sent.formData();
  expect(form.get('name')).toBe('Jörg');
  expect(await (form.get('file') as File).text()).toBe('bytes of the file');
});

it('a form of more than 16 MiB is sent once, as a stream', async () => {
  const origin = await startOrigin((_n, request) => reset(request));
  const client = createClient({ retry: { minDelayMs: 1 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  const body = new UndiciForm();
  body.append('file', new Blob([new Uint8Array(16_777_217)]));
  const request = client.dispatcher.request({ origin: origin.url, path: '/', method: 'POST', body });
  await expect(request).rejects.toMatchObject({ code: 'ERR_FIRSTHAND_BODY_NOT_REPLAYABLE' });
  expect(origin.seen).toHaveLength(1);
});
