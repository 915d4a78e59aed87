import { describe, expect, it } from 'vitest';
import { freePorts } from '../../lab/ports.ts';
import { TCP_STATE } from '../../lab/puppet.ts';
import { lacks } from './needs.ts';
import { puppetOfTest } from './scene.ts';

describe.skipIf(lacks('myth: a write that succeeds has arrived', ['python3']))('a write that succeeds', () => {
  it('goes to a socket that the peer has closed; only a later one fails, with EPIPE', async () => {
    const [port] = await freePorts(1);
    const puppet = await puppetOfTest();
    const listener = await puppet.listen('127.0.0.1', port!);
    const client = await puppet.connect('127.0.0.1', port!);
    await (await listener.accept()).close();
    await client.state(TCP_STATE.closeWait);
    await client.send('into the void');
    expect(await client.death()).toBe('EPIPE');
    await expect(client.send('again')).rejects.toMatchObject({ code: 'EPIPE' });
  }, 30_000);
});
