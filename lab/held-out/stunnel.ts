/** The proxy held out: stunnel before a back end, with another stunnel as its client; captured is the TLS between them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificate } from '../certificate.ts';
import type { LabContext } from '../context.ts';
import { IDENTIFIABLE } from '../equivalents.ts';
import type { Pair } from '../exchange.ts';
import { exchange } from '../exchange.ts';
import { waitForListener } from '../listener.ts';
import type { Host } from '../network.ts';
import type { PuppetListener } from '../puppet.ts';
import { TCP_STATE } from '../puppet.ts';
import { NAMESPACES, defineScenario } from '../scenario.ts';
import type { Need, Scenario } from '../scenario.ts';
import { pause } from '../wait.ts';

const NEEDS: readonly Need[] = [...NAMESPACES, 'openssl', 'stunnel'];

/** Starts both; `settings` are those of the proxy. Takes three ports: of the TLS, of its client, of the back end. */
async function startTunnel(lab: LabContext, settings: string): Promise<PuppetListener> {
  const [front, entrance, back] = lab.ports as [number, number, number];
  const { directory } = lab;
  const backend = await lab.network.puppet.server.listen('127.0.0.1', back);
  await makeCertificate(directory);
  const proxy = `accept = ${lab.host}:${front}
connect = 127.0.0.1:${back}
cert = ${join(directory, 'cert.pem')}
key = ${join(directory, 'key.pem')}
${settings}`;
  await startStunnel(lab, 'server', front, proxy);
  const client = `client = yes\naccept = 127.0.0.1:${entrance}\nconnect = ${lab.host}:${front}`;
  await startStunnel(lab, 'client', entrance, client);
  return backend;
}

async function startStunnel(lab: LabContext, host: Host, port: number, service: string): Promise<void> {
  const file = join(lab.directory, `stunnel-${host}.conf`);
  await writeFile(file, `foreground = yes\npid =\n[${host}]\n${service}\n`);
  const helper = await lab.spawn('stunnel', [file], host);
  await waitForListener(port, helper, lab.network.namespace[host]);
}

async function throughTunnel(lab: LabContext, backend: PuppetListener): Promise<Pair> {
  const [client, accepted] = await Promise.all([
    lab.network.puppet.client.connect('127.0.0.1', lab.ports[1]!),
    backend.accept(),
  ]);
  return { client, accepted, paddingBytes: lab.variation.paddingBytes };
}

const idle: Scenario = defineScenario({
  id: 'idle-timeout/stunnel',
  cause: 'idle-timeout',
  kind: 'fires',
  title: 'stunnel resets a quiet TLS connection after two seconds, three times',
  needs: NEEDS,
  where: 'namespaces',
  points: ['client', 'server'],
  ports: 3,
  capturedPorts: 1,
  resets: 3,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'idle-timeout',
    ...IDENTIFIABLE,
    why: 'stunnel with TIMEOUTidle 2: three connections, each quiet for two seconds after one exchange, each reset',
  },
  async run(lab) {
    const backend = await startTunnel(lab, 'TIMEOUTidle = 2');
    for (let turn = 0; turn < 3; turn++) {
      const both = await throughTunnel(lab, backend);
      await exchange(both, '/poll');
      await both.client.receive().catch(() => '');
      await both.client.close();
      await both.accepted.close();
    }
  },
});

const nobodyBehind: Scenario = defineScenario({
  id: 'linger-zero/stunnel-without-back-end',
  cause: 'linger-zero',
  kind: 'fires',
  title: 'stunnel takes a TLS connection, finds no back end, and resets',
  needs: NEEDS,
  where: 'namespaces',
  points: ['client', 'server'],
  ports: 3,
  capturedPorts: 1,
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    equivalent: ['unread-data', 'process-crash', 'policy-abort'],
    equivalentBecause:
      'after a handshake all is encrypted: whether anything was unread, whether a rule, a crash or SO_LINGER 0 ended it leaves the same RST',
    why: 'Nothing listened where stunnel connects to; it found out after the TLS handshake and closed with SO_LINGER 0',
  },
  async run(lab) {
    const backend = await startTunnel(lab, '');
    await backend.close();
    const client = await lab.network.puppet.client.connect('127.0.0.1', lab.ports[1]!);
    await client.receive().catch(() => '');
    await client.close();
  },
});

const closedWell: Scenario = defineScenario({
  id: 'idle-timeout/stunnel-closes',
  cause: 'idle-timeout',
  kind: 'quiet',
  title: 'The same quiet connections, closed by their client before the two seconds are over',
  needs: NEEDS,
  where: 'namespaces',
  points: ['client', 'server'],
  ports: 3,
  capturedPorts: 1,
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'Two connections, each quiet for a second after an exchange; the client closed, both stunnels said goodbye, and the back end closed',
  },
  async run(lab) {
    const backend = await startTunnel(lab, 'TIMEOUTidle = 10');
    for (let turn = 0; turn < 2; turn++) {
      const both = await throughTunnel(lab, backend);
      await exchange(both, '/poll');
      await pause(1000);
      await both.client.close();
      await both.accepted.state(TCP_STATE.closeWait);
      await both.accepted.close();
      await lab.network.settle();
    }
  },
});

export const scenarios: readonly Scenario[] = [idle, nobodyBehind, closedWell];
