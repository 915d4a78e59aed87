/** The clients of the stale-reuse proof, each with its defaults and kept-alive connections. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';

import axios from 'axios';
import axiosRetry from 'axios-retry';
import { got } from 'got';
import ky from 'ky';
import { Agent, type Dispatcher, interceptors } from 'undici';

import { createClient, keepAliveAgent, staleReuse } from '../src/resilience/client/index.ts';

export interface Peer {
  readonly name: string;
  /** Of this project: held to the claim. */
  readonly ours?: 'keyed' | 'keyless' | 'stale-only';
  make(): Asker;
}

export interface Asker {
  /** Resolves with the status, rejects when the request failed. */
  ask(url: string, method: string): Promise<number>;
  close(): Promise<unknown> | void;
}

const FAST = { minDelayMs: 10 } as const;

export const PEERS: readonly Peer[] = [
  { name: 'firsthand fetch', ours: 'keyed', make: () => ofFetch(createClient({ retry: FAST })) },
  {
    name: 'firsthand fetch, no key',
    ours: 'keyless',
    make: () => ofFetch(createClient({ retry: FAST, idempotency: false })),
  },
  {
    name: 'firsthand dispatcher, no key',
    ours: 'keyless',
    make: () => ofDispatcher(createClient({ retry: FAST, idempotency: false }).dispatcher),
  },
  {
    name: 'firsthand staleReuse() only',
    ours: 'stale-only',
    make: () => ofDispatcher(new Agent().compose(staleReuse())),
  },
  { name: 'axios + keepAliveAgent', make: () => ofAxios(keepAliveAgent(), false) },
  { name: 'node:http agent', make: ofHttp },
  { name: 'global fetch', make: () => ofFetch({ fetch, close: () => {} }) },
  { name: 'undici.request', make: () => ofDispatcher(new Agent()) },
  { name: 'undici + interceptors.retry', make: () => ofDispatcher(new Agent().compose(interceptors.retry())) },
  { name: 'axios', make: () => ofAxios(new HttpAgent({ keepAlive: true }), false) },
  { name: 'axios-retry', make: () => ofAxios(new HttpAgent({ keepAlive: true }), true) },
  { name: 'got', make: ofGot },
  { name: 'ky', make: ofKy },
];

function bodyOf(method: string): string | undefined {
  return method === 'GET' ? undefined : 'work';
}

function ofFetch(client: { fetch: typeof fetch; close(): Promise<void> | void }): Asker {
  return {
    async ask(url, method) {
      const answer = await client.fetch(url, { method, body: bodyOf(method) ?? null });
      await answer.text();
      return answer.status;
    },
    close: () => client.close(),
  };
}

function ofDispatcher(dispatcher: Dispatcher): Asker {
  return {
    async ask(url, method) {
      const { origin, pathname } = new URL(url);
      const answer = await dispatcher.request({ origin, path: pathname, method, body: bodyOf(method) ?? null });
      await answer.body.dump();
      return answer.statusCode;
    },
    close: () => dispatcher.destroy(),
  };
}

function ofHttp(): Asker {
  const agent = new HttpAgent({ keepAlive: true });
  return {
    ask: (url, method) =>
      new Promise((resolve, reject) => {
        const request = httpRequest(url, { method, agent }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
        });
        request.on('error', reject).end(bodyOf(method));
      }),
    close: () => agent.destroy(),
  };
}

function ofAxios(agent: HttpAgent, retries: boolean): Asker {
  const client = axios.create({ httpAgent: agent, proxy: false });
  if (retries) axiosRetry(client);
  return {
    ask: async (url, method) => (await client.request({ url, method, data: bodyOf(method) })).status,
    close: () => agent.destroy(),
  };
}

function ofGot(): Asker {
  const agent = new HttpAgent({ keepAlive: true });
  return {
    async ask(url, method) {
      const body = bodyOf(method);
      const answer = await got(url, { method: method as 'GET', agent: { http: agent }, ...(body && { body }) });
      return answer.statusCode;
    },
    close: () => agent.destroy(),
  };
}

function ofKy(): Asker {
  return {
    async ask(url, method) {
      const body = bodyOf(method);
      const answer = await ky(url, { method, ...(body && { body }) });
      await answer.text();
      return answer.status;
    },
    close: () => {},
  };
}
