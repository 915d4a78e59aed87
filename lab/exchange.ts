/** A connection between two puppets and HTTP-shaped exchanges on it. */
import type { LabContext } from './context.ts';
import { TCP_STATE } from './puppet.ts';
import type { Puppet, PuppetListener, PuppetSocket } from './puppet.ts';
import { request, response } from './sockets.ts';

export interface Connected extends Pair {
  readonly listener: PuppetListener;
}

/** Both ends of a connection. */
export interface Pair {
  readonly client: PuppetSocket;
  readonly accepted: PuppetSocket;
  /** By how much requests and responses are padded; by nothing when absent. */
  readonly paddingBytes?: number;
}

/** Listens on the server's first port and connects the client to it, in namespaces. */
export async function connected(lab: LabContext): Promise<Connected> {
  const { client: clients, server: servers } = lab.network.puppet;
  const listener = await servers.listen(lab.host, lab.port);
  return { listener, ...(await another(lab, clients, listener)) };
}

/** One more connection to a listener. */
export async function another(lab: LabContext, clients: Puppet, listener: PuppetListener): Promise<Pair> {
  const [client, accepted] = await Promise.all([clients.connect(lab.host, lab.port), listener.accept()]);
  return { client, accepted, paddingBytes: lab.variation.paddingBytes };
}

/** One request and its complete response. */
export async function exchange({ client, accepted, paddingBytes = 0 }: Pair, path: string): Promise<void> {
  const asked = request(path, paddingBytes);
  await client.send(asked);
  await accepted.call('recv_exactly', { size: asked.length });
  const answer = response('200 OK', `this is ${path}${' '.repeat(paddingBytes)}`);
  await accepted.send(answer);
  await client.call('recv_exactly', { size: answer.length });
}

/** Closes by two FINs, client first. */
export async function closeBoth({ client, accepted }: Pair): Promise<void> {
  await client.close();
  await accepted.state(TCP_STATE.closeWait);
  await accepted.close();
}
