/** `firsthand lab`: what there is, truth beside verdict, live and from the recording, and what was mistyped or is missing. */
import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BIN, CAPTURES, ENV, firsthand, run, UNPRIVILEGED } from './bin.ts';
import { lacks } from './needs.ts';
import { readablePackage, scratch } from './scratch.ts';

describe('firsthand lab', () => {
  it('lists every recorded scenario within the width asked for', async () => {
    const { code, out } = await firsthand(['lab', '--width', '80']);
    expect(code).toBe(0);
    for (const cause of (await readdir(CAPTURES)).filter((name) => !name.includes('.'))) {
      expect(out).toMatch(new RegExp(`^${cause}  `, 'm'));
    }
    expect(out).toMatch(/^ {2}both-ends {2,}A middlebox resets both ends/m);
    expect(out).toMatch(/^≠ real-abort-through-nat/m);
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each([
    ['refusd', 'the lab has no cause refusd, did you mean refused?'],
    ['tcpkill', 'the lab has no cause tcpkill, did you mean injected/tcpkill?'],
    ['kiled/ss-kill', 'the lab has no cause kiled, did you mean killed/ss-kill?'],
    ['killed/ss-kil', 'the lab has no scenario killed/ss-kil, did you mean killed/ss-kill?'],
  ])('says what %s may have meant', async (asked, line) => {
    const { code, out, err } = await firsthand(['lab', asked]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.split('\n')[0]).toBe(`firsthand: ${line}`);
  });

  it('asks what is to be kept', async () => {
    const { code, err } = await firsthand(['lab', '--keep', 'x']);
    expect({ code, err }).toEqual({
      code: 2,
      err: 'firsthand: --keep wants to know what to keep: firsthand lab CAUSE --keep DIR\n',
    });
  });
});

describe.skipIf(lacks('firsthand lab without rights', ['unprivileged-node']))('firsthand lab without rights', () => {
  it('shows the recording, says so first, and keeps it where nothing is', async () => {
    const root = await readablePackage();
    const home = join(root, 'home');
    await mkdir(home);
    if (UNPRIVILEGED.uid !== undefined) await chown(home, UNPRIVILEGED.uid, UNPRIVILEGED.gid ?? 0);
    const lab = (...words: string[]): ReturnType<typeof run> =>
      run(process.execPath, [join(root, 'bin/firsthand.js'), 'lab', ...words], {
        cwd: root,
        env: { ...ENV, HOME: home },
        ...UNPRIVILEGED,
      });
    const { code, out, err } = await lab('injected/both-ends', '--keep', home, '--width', '100');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(toWords(out)).toMatch(
      /^Not made live, because that takes root: put sudo before the command\. This is the recording that comes with firsthand \(Linux \S+\)\./,
    );
    expect(out).toMatch(/^ {2}truth {2,}a middlebox, as the server {2,}injected$/m);
    expect(out).toMatch(/^ {2}at the client {2,}the server: possible/m);
    expect(out).toMatch(/^ {2}all together {2,}a middlebox, as the server: proof {2,}injected: likely/m);
    expect(out).toMatch(/^ {2}The verdict is right: all together\.$/m);
    const kept = join(home, 'injected-both-ends');
    expect((await readdir(kept)).toSorted()).toEqual(['client.pcap', 'router.pcap', 'server.pcap']);
    const shipped = await readFile(join(CAPTURES, 'injected/fires-both-ends@router.pcap'));
    expect(await readFile(join(kept, 'router.pcap'))).toEqual(shipped);
    await writeFile(join(kept, 'router.pcap'), 'mine');
    const again = await lab('injected/both-ends', '--keep', home);
    expect(again).toEqual({ code: 2, out: '', err: `firsthand: --keep ${kept} exists, and nothing is overwritten\n` });
    expect(await readFile(join(kept, 'router.pcap'), 'utf8')).toBe('mine');
  });
});

describe.skipIf(lacks('firsthand lab, live', ['root', 'tcpdump', 'mount']))('firsthand lab with rights', () => {
  it('makes the cause live, and keeps the captures for firsthand read', async () => {
    const folder = await scratch();
    const { code, out, err } = await firsthand(['lab', 'refused/closed-port-v4', '--keep', folder]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Made live on this machine, just now\.\nKept: .*loopback\.pcap\n/);
    expect(out).toMatch(/^ {2}on loopback {2,}the server: possible \d+% {2,}refused: likely/m);
    const read = await firsthand(['read', join(folder, 'refused-closed-port-v4', 'loopback.pcap')]);
    expect(read.out).toMatch(/^1 connection, refused by the server/);
  });

  it('says which package has the program that is missing, and shows the recording', async () => {
    const hidden = 'mount --bind /dev/null "$(command -v nft || echo /usr/sbin/nft)" && exec "$@"';
    const argv = [
      '--mount',
      'sh',
      '-c',
      hidden,
      'sh',
      process.execPath,
      BIN,
      'lab',
      'firewall-reject/mid-stream',
      '-q',
    ];
    const { code, out, err } = await run('unshare', argv);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(toWords(out)).toMatch(/^Not made live, because this machine lacks nft \(Debian package nftables\)\./);
    expect(out).toMatch(/^ {2}sh \S*lab\/packages\.sh /m);
    expect(out).toMatch(/^ {2}truth {2,}a middlebox, as the server {2,}firewall-reject$/m);
  });
});

/** As one line, however it was broken. */
function toWords(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
