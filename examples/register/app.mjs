/**
 * One client, one fault: prints the error that the application gets.
 *
 *   node --import firsthand/register examples/register/app.mjs http|fetch|axios|undici stale|midresponse|refused|abort
 */
import { Agent, request as httpRequest } from 'node:http';
import axios from 'axios';
import { request as undiciRequest } from 'undici';
import { loseTheRace, startFaultServer } from './faults.mjs';

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Each asks once and resolves to the body; `onHeaders` is called when the answer has begun. */
const CLIENTS = {
  http: (url, onHeaders) =>
    new Promise((resolve, reject) => {
      httpRequest(url, { agent }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text) => {
          body += text;
          onHeaders();
        });
        response.on('error', reject).on('end', () => resolve(body));
      })
        .on('error', reject)
        .end();
    }),
  fetch: async (url, onHeaders) => {
    const response = await fetch(url);
    onHeaders();
    return response.text();
  },
  axios: async (url, onHeaders) => {
    const { data } = await axios.get(url, { httpAgent: agent, responseType: 'stream', proxy: false });
    let body = '';
    for await (const text of data.setEncoding('utf8')) {
      body += text;
      onHeaders();
    }
    return body;
  },
  undici: async (url, onHeaders) => {
    const { body } = await undiciRequest(url);
    onHeaders();
    return body.text();
  },
};

const [client = 'http', fault = 'stale'] = process.argv.slice(2);
const ask = CLIENTS[client];
const server = await startFaultServer(fault);
try {
  if (fault === 'stale') {
    await ask(`${server.url}/first`, () => {});
    // The agent takes its socket back in a later turn.
    await new Promise(setImmediate);
    loseTheRace(server, client);
  }
  const body = await ask(`${server.url}/orders/7?token=secret`, fault === 'midresponse' ? server.resetAll : () => {});
  console.log('answered', body);
} catch (error) {
  console.error(error);
  console.log(JSON.stringify(error.firsthand ?? null));
} finally {
  agent.destroy();
  server.end();
}
