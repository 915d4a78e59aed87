import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleReport, sampleReset } from '../../report/testing/sample.ts';
import type { Io } from '../io.ts';
import { makeFakeTcpdump } from '../testing/fake-tcpdump.ts';
import { run } from '../testing/run.ts';
import { scratch } from '../testing/scratch.ts';

const LISTENING = 'tcpdump: listening on lo, link-type EN10MB (Ethernet), snapshot length 256 bytes\n';
const DONE = '3 packets captured\n0 packets dropped by kernel\n';

/** Judges a reset when the first bytes arrive, and reads to the end of the packets. */
const readCapture: NonNullable<Io['readCapture']> = async (input, options) => {
  if (typeof input === 'string' || input instanceof Uint8Array) throw new TypeError('not a stream');
  for await (const chunk of input) if (chunk.length > 0) options?.onReset?.(sampleReset());
  return sampleReport();
};

describe('firsthand watch', () => {
  it('prints resets as they happen and the summary at the end', async () => {
    const tcpdump = await makeFakeTcpdump({ says: LISTENING, writes: 'x', finallySays: DONE });
    const { code, out, err } = await run(['watch', '-i', 'lo', '--count', '1'], { readCapture, tcpdump });
    expect(code).toBe(0);
    expect(err).toBe('watching lo: tcp; Ctrl-C ends with the summary\n');
    expect(out).toMatch(
      /^10:01:00\.013Z {2}r1 {2}10\.0\.0\.9:51234 → 10\.0\.0\.5:443 {2}reset by the server after 60\.0 s idle\n/,
    );
    expect(out).toContain('\n\n9 connections, 1 reset by the server');
    expect(out).toContain('\nlo: pcap, EN10MB');
  });

  it('writes each reset once as a record', async () => {
    const tcpdump = await makeFakeTcpdump({ says: LISTENING, writes: 'x', finallySays: DONE });
    const { out } = await run(['watch', '-i', 'lo', '--count', '1', '--ndjson'], { readCapture, tcpdump });
    const types = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toEqual(['reset', 'header', 'input', 'summary']);
  });

  it('keeps the packets in a file and warns of lost ones', async () => {
    const file = join(await scratch(), 'w.pcap');
    const tcpdump = await makeFakeTcpdump({
      says: LISTENING,
      writes: 'raw bytes',
      finallySays: '7 packets dropped by kernel\n',
    });
    const { err } = await run(['watch', '-i', 'lo', '--count', '1', '-w', file, 'port', '80'], {
      readCapture,
      tcpdump,
    });
    expect(await readFile(file, 'utf8')).toBe('raw bytes');
    expect(err).toBe(
      'watching lo: port 80; Ctrl-C ends with the summary\nfirsthand: the kernel dropped 7 packets: narrow the filter\n',
    );
  });

  it('stops tcpdump when its file cannot be written', async () => {
    const tcpdump = await makeFakeTcpdump({ says: LISTENING, writes: 'x', finallySays: DONE });
    const { code, err } = await run(['watch', '-i', 'lo', '-w', '/nowhere/w.pcap'], { readCapture, tcpdump });
    expect(code).toBe(2);
    expect(err).toContain('firsthand: -w /nowhere/w.pcap: no such file\n');
  });

  it('hands the command to somebody who has the rights', async () => {
    const tcpdump = await makeFakeTcpdump({
      says: "tcpdump: eth0: You don't have permission to perform this capture on that device\n",
    });
    const { code, out, err } = await run(['watch', '-i', 'eth0', 'port', '443'], { readCapture, tcpdump });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.split('\n')).toEqual([
      'firsthand: no right to capture on eth0',
      '  Run this where the rights are, and read the file here:',
      "    sudo tcpdump -i eth0 -U -w capture.pcap --immediate-mode -s 256 -- 'port 443'",
      '    firsthand read capture.pcap',
      "  or at once:  sudo tcpdump -i eth0 -U -w - --immediate-mode -s 256 -- 'port 443' | firsthand read -",
      '  To give tcpdump the right for good:  sudo setcap cap_net_raw,cap_net_admin+eip "$(command -v tcpdump)"',
      '',
    ]);
  });

  it('lists the interfaces when there is none of that name, or none given', async () => {
    const tcpdump = await makeFakeTcpdump({ says: 'tcpdump: nope0: No such device exists\n' });
    expect((await run(['watch', '-i', 'nope0'], { readCapture, tcpdump })).err).toMatch(
      /^firsthand: no interface nope0: there are .*\blo\b.*, any\n$/,
    );
    expect((await run(['watch'], { readCapture })).err).toMatch(
      /^firsthand: name the interface with -i: there are .*, any\n$/,
    );
  });

  it('passes on what tcpdump says about a filter', async () => {
    const tcpdump = await makeFakeTcpdump({ says: "tcpdump: can't parse filter expression: syntax error\n" });
    expect((await run(['watch', '-i', 'lo', 'tcp', 'and'], { readCapture, tcpdump })).err).toBe(
      "firsthand: tcpdump rejects the filter 'tcp and': can't parse filter expression: syntax error\n",
    );
  });
});
