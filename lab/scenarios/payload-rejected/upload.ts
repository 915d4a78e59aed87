import { once } from 'node:events';
import { createServer } from 'node:http';
import { IDENTIFIABLE } from '../../equivalents.ts';
import { startNginx } from '../../nginx.ts';
import { TCP_STATE } from '../../puppet.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, started } from '../../sockets.ts';
import type { LabContext } from '../../context.ts';

const BODY_BYTES = 600_000;

function upload(bytes: number): string {
  return `POST /upload HTTP/1.1\r\nHost: lab\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bytes}\r\n\r\n${'u'.repeat(bytes)}`;
}

async function sendUpload(lab: LabContext, bytes: number): Promise<void> {
  const client = await dial(lab);
  client.resume();
  client.write(upload(bytes));
  await closed(client);
}

const nginx: Scenario = defineScenario({
  id: 'payload-rejected/nginx-413',
  cause: 'payload-rejected',
  kind: 'fires',
  title: 'nginx answers 413 and closes while the body still arrives',
  needs: [...LOOPBACK, 'python3', 'nginx'],
  where: 'loopback',
  // The status and the length of the body are in the heads, which a shorter snap length cuts off.
  fixed: ['snap'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'payload-rejected',
    ...IDENTIFIABLE,
    why: 'client_max_body_size 1k and lingering_close off: nginx answered 413 at the header, waited five seconds for more and closed by FIN; then the client sent the next part of its 600 kB body',
  },
  async run(lab) {
    await startNginx(lab, 'client_max_body_size 1k; lingering_close off; location / { root /nonexistent; }');
    const puppet = await lab.puppet();
    const client = await puppet.connect(lab.host, lab.port);
    await client.send(upload(BODY_BYTES).slice(0, 20_000));
    await client.state(TCP_STATE.closeWait);
    await client.call('send', { size: 20_000 });
    await client.death();
  },
});

const node: Scenario = defineScenario({
  id: 'payload-rejected/node-413',
  cause: 'payload-rejected',
  kind: 'fires',
  title: 'Node HTTP server answers 413 and destroys the connection while the body still arrives',
  needs: LOOPBACK,
  where: 'loopback',
  // The status and the length of the body are in the heads, which a shorter snap length cuts off.
  fixed: ['snap'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'payload-rejected',
    ...IDENTIFIABLE,
    why: 'The request listener answered 413 with Connection: close and destroyed the socket, without reading the 600 kB body',
  },
  async run(lab) {
    const server = createServer((asked, answer) => {
      asked.pause();
      answer.writeHead(413, { connection: 'close', 'content-length': 10 });
      answer.end('too large\n', () => asked.socket.destroy());
    });
    await started(lab, server);
    await sendUpload(lab, BODY_BYTES);
  },
});

const wholeBody: Scenario = defineScenario({
  id: 'payload-rejected/body-read-first',
  cause: 'payload-rejected',
  kind: 'quiet',
  title: 'The server reads the whole body, then answers 413 and closes by FIN',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'The same 413, but after the last byte of the body',
  },
  async run(lab) {
    const server = createServer((asked, answer) => {
      asked.resume();
      void once(asked, 'end').then(() => {
        answer.writeHead(413, { connection: 'close', 'content-length': 10 });
        answer.end('too large\n');
      });
    });
    await started(lab, server);
    await sendUpload(lab, BODY_BYTES);
  },
});

const clientGivesUp: Scenario = defineScenario({
  id: 'payload-rejected/client-aborts-upload',
  cause: 'payload-rejected',
  kind: 'quiet',
  title: 'The client aborts its own upload',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'client-abort',
    equivalent: [],
    why: 'The server was reading the body and had not answered; the client called resetAndDestroy() half-way',
  },
  async run(lab) {
    const server = createServer((asked) => asked.on('error', () => {}).resume());
    await started(lab, server);
    const asked = once(server, 'request');
    const client = await dial(lab);
    client.write(upload(BODY_BYTES).slice(0, 100_000));
    await asked;
    client.resetAndDestroy();
    await closed(client);
  },
});

export const scenarios: readonly Scenario[] = [nginx, node, wholeBody, clientGivesUp];
