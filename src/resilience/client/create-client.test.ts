import { once } from 'node:events';
import { Agent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';

import { createClient } from './create-client.ts';
import { type Origin, startOrigin } from './testing/origin.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

describe('close', () => {
  it('a second one waits with the first', async () => {
    const events: string[] = [];
    let arrived: (answer: () => void) => void;
    const waiting = new Promise<() => void>((resolve) => (arrived = resolve));
    const origin = await start((_n, _request, response) => arrived(() => response.end('ok')));
    const client = createClient();
    const answered = client.fetch(origin.url).then((answer) => answer.text());
    const finish = await waiting;
    void client.close();
    const second = client.close().then(() => events.push('closed'));
    await new Promise(setImmediate);
    events.push('answered');
    finish();
    expect(await answered).toBe('ok');
    await second;
    expect(events).toEqual(['answered', 'closed']);
  });

  it.each([
    ['close', undefined],
    ['close', { method: 'POST', body: new Blob(['work']) }],
    ['destroy', { method: 'POST', body: 'work' }],
  ] as const)('after %s fetch says so', async (how, init) => {
    const origin = await start((_n, _request, response) => response.end('ok'));
    const client = createClient();
    await (await client.fetch(origin.url)).text();
    await client[how]();
    const error = await client.fetch(origin.url, init as RequestInit).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toBe('fetch failed: the client is closed');
    expect((error as Error).cause).toMatchObject({ code: 'UND_ERR_CLOSED' });
    await client.close();
  });
});

it.each([
  ['an Agent', () => new Agent()],
  ['a composed one', () => new Agent().compose((dispatch) => dispatch)],
])('many clients on %s are no leak, the listeners of the program still are', async (_name, make) => {
  const agent = make();
  undo.push(() => agent.destroy());
  const warnings: Error[] = [];
  const warn = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warn);
  undo.push(async () => process.off('warning', warn));
  for (let n = 0; n < 30; n++) createClient({ dispatcher: agent });
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
  for (let n = 0; n < 11; n++) agent.on('drain', () => {});
  if (warnings.length === 0) await once(process, 'warning');
  expect(warnings[0]!.name).toBe('MaxListenersExceededWarning');
});

async function start(answer: Parameters<typeof startOrigin>[0]): Promise<Origin> {
  const origin = await startOrigin(answer);
  undo.push(() => origin.close());
  return origin;
}
