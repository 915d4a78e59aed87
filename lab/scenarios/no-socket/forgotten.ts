import { UNKNOWN_CONNECTION } from '../../equivalents.ts';
import { TCP_STATE } from '../../puppet.ts';
import { LOOPBACK, NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request, response } from '../../sockets.ts';

const ANSWER = response('200 OK', 'hello');

const vanished: Scenario = defineScenario({
  id: 'no-socket/vanished',
  cause: 'no-socket',
  kind: 'fires',
  title: 'Server forgets the connection without a packet, the client sends',
  needs: [...LOOPBACK, 'python3'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    ...UNKNOWN_CONNECTION,
    why: 'The server socket was closed under TCP_REPAIR, which sends nothing; the listener stayed; the next request got a bare RST without any FIN before',
  },
  async run(lab) {
    const puppet = await lab.puppet();
    const listener = await puppet.listen(lab.host, lab.port);
    const client = await puppet.connect(lab.host, lab.port);
    const accepted = await listener.accept();
    await client.send(request('/first'));
    await accepted.receive();
    await accepted.send(ANSWER);
    await client.receive();
    await accepted.vanish();
    await client.send(request('/second'));
    await client.death();
  },
});

const reboot: Scenario = defineScenario({
  id: 'no-socket/reboot',
  cause: 'no-socket',
  kind: 'fires',
  title: 'The server host reboots between two requests',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    equivalent: [...UNKNOWN_CONNECTION.equivalent, 'firewall-state-expiry'],
    equivalentBecause: `${UNKNOWN_CONNECTION.equivalentBecause}; the reboot takes seconds, in which a firewall may have forgotten`,
    why: 'The server namespace was cut off, deleted and made anew at the same address with a new listener; the old connection got a bare RST, a new one worked',
  },
  async run(lab) {
    const { client: clients, server: servers } = lab.network.puppet;
    const listener = await servers.listen(lab.host, lab.port);
    const client = await clients.connect(lab.host, lab.port);
    const accepted = await listener.accept();
    await client.send(request('/first'));
    await accepted.receive();
    await accepted.send(ANSWER);
    await client.receive();
    const reborn = await lab.network.rebootServer();
    const again = await reborn.listen(lab.host, lab.port);
    await client.send(request('/second'));
    await client.death();
    const fresh = await clients.connect(lab.host, lab.port);
    const served = await again.accept();
    await fresh.send(request('/second'));
    await served.receive();
    await served.send(ANSWER);
    await fresh.receive();
    await fresh.close();
    await served.state(TCP_STATE.closeWait);
    await served.close();
  },
});

const finBefore: Scenario = defineScenario({
  id: 'no-socket/fin-before',
  cause: 'no-socket',
  kind: 'quiet',
  title: 'The same second request, but the server had closed by FIN',
  needs: [...LOOPBACK, 'python3'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'stale-reuse',
    equivalent: [],
    why: 'The server closed by FIN after its answer; the client had the FIN when it sent the second request',
  },
  async run(lab) {
    const puppet = await lab.puppet();
    const listener = await puppet.listen(lab.host, lab.port);
    const client = await puppet.connect(lab.host, lab.port);
    const accepted = await listener.accept();
    await client.send(request('/first'));
    await accepted.receive();
    await accepted.send(ANSWER);
    await client.receive();
    await accepted.close();
    await client.state(TCP_STATE.closeWait);
    await client.send(request('/second'));
    await client.death();
  },
});

export const scenarios: readonly Scenario[] = [vanished, reboot, finBefore];
