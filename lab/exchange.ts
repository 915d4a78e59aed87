/** A connection between two puppets and HTTP-shaped exchanges on it. */
import type { LabContext } from './context.ts';
import { TCP_STATE } from './puppet.ts';
import type { Puppet, PuppetListener, PuppetSocket } from './puppet.ts';
import { request, response } from './sockets.ts';

export interface Connected {
  readonly listener: PuppetListener;
  readonly client: PuppetSocket;
  readonly accepted: PuppetSocket;
}

/** Listens on the server's first port and connects the client to it, in namespaces. */
export async function connected(lab: LabContext): Promise<Connected> {
  const { client: clients, server: servers } = lab.network.puppet;
  const listener = await servers.listen(lab.host, lab.port);
  return { listener, ...(await another(lab, clients, listener)) };
}

/** One more connection to a listener. */
export async function another(
  lab: LabContext,
  clients: Puppet,
  listener: PuppetListener,
): Promise<Pick<Connected, 'client' | 'accepted'>> {
  const [client, accepted] = await Promise.all([clients.connect(lab.host, lab.port), listener.accept()]);
  return { client, accepted };
}

/** One request and its complete response. */
export async function exchange(
  { client, accepted }: Pick<Connected, 'client' | 'accepted'>,
  path: string,
): Promise<void> {
  await client.send(request(path));
  await accepted.receive();
  await accepted.send(response('200 OK', `this is ${path}`));
  await client.receive();
}

/** Closes by two FINs, client first. */
export async function closeBoth({ client, accepted }: Pick<Connected, 'client' | 'accepted'>): Promise<void> {
  await client.close();
  await accepted.state(TCP_STATE.closeWait);
  await accepted.close();
}
