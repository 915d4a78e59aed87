/** The clients of the exactly-once proof, each as its documentation shows it. */
import axios from 'axios';
import axiosRetry from 'axios-retry';
import { got } from 'got';
import ky from 'ky';
import { Agent, interceptors, request } from 'undici';
import { createClient } from '../src/resilience/client/index.ts';

export interface ProofClient {
  /** Resolves when the operation was answered with 2xx; rejects when the client gave up. */
  post(url: string, operation: string): Promise<void>;
  close(): Promise<void>;
}

/** Row name to client; `OURS` are those that the claim is about. */
export const CLIENTS: Readonly<Record<string, () => ProofClient>> = {
  'firsthand, 15 attempts': () => firsthand({ maxAttempts: 15, minDelayMs: 10, budget: false }),
  'firsthand, defaults': () => firsthand({}),
  'undici retry': undiciRetry,
  got: () => ({
    post: async (url, operation) => void (await got.post(url, { json: { operation } })),
    close: async () => {},
  }),
  'axios-retry': axiosWithRetry,
  ky: () => ({
    post: async (url, operation) => void (await ky.post(url, { json: { operation } })),
    close: async () => {},
  }),
};

function firsthand(retry: { maxAttempts?: number; minDelayMs?: number; budget?: false }): ProofClient {
  const client = createClient({ retry });
  return {
    post: async (url, operation) => {
      const response = await client.fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ operation }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text}`);
    },
    close: () => client.destroy(),
  };
}

function undiciRetry(): ProofClient {
  const dispatcher = new Agent().compose(interceptors.retry());
  return {
    post: async (url, operation) => {
      const headers = { 'content-type': 'application/json' };
      const { statusCode, body } = await request(url, {
        method: 'POST',
        dispatcher,
        headers,
        body: JSON.stringify({ operation }),
      });
      await body.text();
      if (statusCode >= 300) throw new Error(String(statusCode));
    },
    close: () => dispatcher.destroy(),
  };
}

function axiosWithRetry(): ProofClient {
  const client = axios.create();
  axiosRetry(client);
  return {
    post: async (url, operation) => void (await client.post(url, { operation })),
    close: async () => {},
  };
}
