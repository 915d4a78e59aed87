import { once } from 'node:events';
import { Agent, MockAgent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';

import { createClient } from './create-client.ts';
import { type Origin, startOrigin } from './testing/origin.ts';

const hear = (): void => {};
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

  it('of the dispatcher may be said twice, and with destroy in between', async () => {
    let arrived: (() => void) | null = null;
    const origin = await start(() => arrived?.());
    const { dispatcher } = createClient({ retry: false });
    const events: string[] = [];
    const waiting = new Promise<void>((resolve) => (arrived = resolve));
    const answered = dispatcher.request({ origin: origin.url, path: '/', method: 'GET' }).catch((error: Error) => {
      events.push(error.message);
    });
    await waiting;
    const first = dispatcher.close().then(() => events.push('closed'));
    const second = dispatcher.close().then(() => events.push('closed'));
    await new Promise(setImmediate);
    expect(events).toEqual([]);
    await dispatcher.destroy(new Error('enough'));
    await Promise.all([first, second, answered, dispatcher.close(), dispatcher.destroy()]);
    expect(events.toSorted()).toEqual(['closed', 'closed', 'enough']);
    await new Promise<void>((resolve) => dispatcher.close(resolve));
    await new Promise<void>((resolve) => dispatcher.destroy(resolve));
  });

  it('destroy ends a MockAgent, which can only be closed', async () => {
    const mock = new MockAgent();
    mock.get('http://a.test').intercept({ path: '/', method: 'GET' }).reply(200, 'mocked').persist();
    const client = createClient({ dispatcher: mock });
    expect(await (await client.fetch('http://a.test/')).text()).toBe('mocked');
    await client.destroy();
    await client.close();
    await expect(client.fetch('http://a.test/')).rejects.toThrow('the client is closed');
  });
});

describe('events', () => {
  const EVENTS = ['connect', 'disconnect', 'connectionError', 'drain'] as const;
  const counts = (agent: Agent): number[] => EVENTS.map((event) => agent.listenerCount(event));

  it('are heard of the dispatcher within only while somebody listens', async () => {
    const agent = new Agent();
    undo.push(() => agent.destroy());
    const limit = agent.getMaxListeners();
    const { dispatcher } = createClient({ dispatcher: agent });
    expect(counts(agent)).toEqual([0, 0, 0, 0]);
    dispatcher
      .on('connect', hear)
      .on('connect', () => {})
      .once('drain', hear);
    expect(counts(agent)).toEqual([1, 0, 0, 1]);
    dispatcher.off('connect', hear).off('drain', hear);
    expect(counts(agent)).toEqual([1, 0, 0, 0]);
    dispatcher.removeAllListeners('connect');
    expect(counts(agent)).toEqual([0, 0, 0, 0]);
    expect(agent.getMaxListeners()).toBe(limit);
  });

  it.each(['close', 'destroy'] as const)('come until %s has ended, and leave nothing behind', async (how) => {
    const origin = await start((_n, _request, response) => response.end('ok'));
    const agent = new Agent();
    const { dispatcher } = createClient({ dispatcher: agent });
    const heard: string[] = [];
    dispatcher.on('connect', ({ port }) => heard.push(`connect ${port}`));
    dispatcher.on('disconnect', ({ port }) => heard.push(`disconnect ${port}`));
    await (await dispatcher.request({ origin: origin.url, path: '/', method: 'GET' })).body.text();
    await dispatcher[how]();
    const { port } = new URL(origin.url);
    expect(heard).toEqual([`connect ${port}`, `disconnect ${port}`]);
    expect(counts(agent)).toEqual([0, 0, 0, 0]);
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
  for (let n = 0; n < 30; n++) createClient({ dispatcher: agent }).dispatcher.on('drain', () => {});
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
