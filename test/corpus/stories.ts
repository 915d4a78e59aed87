/**
 * Holds the stories of captures that were read by hand against what the reports say of them.
 * Usage: tsx test/corpus/stories.ts DIR, where DIR holds captures/. Prints each story with what differs; exits 1 when
 * anything does, or when a capture is missing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCapture } from '../../src/collect/read-capture.ts';
import type { Report, Reset, Rst } from '../../src/report/types.ts';

interface Story {
  readonly capture: string;
  readonly tells: string;
  /** What the report says otherwise; empty when it tells the story. */
  differs(report: Report): readonly string[];
}

const STORIES: readonly Story[] = [
  {
    capture: 'zeek__rst-inject-rae.pcap',
    tells: 'the first RST is forged and ends nothing; the server itself ends the connection with the last one',
    differs: (report) => {
      const reset = only(report);
      const forged = rstAt(reset, 2);
      const real = rstAt(reset, 7);
      return [
        ...unless(forged.actor === 'middlebox' && forged.mechanism === 'forged', 'frame 2 is not called forged'),
        ...unless(forged.effect !== 'accepted' && !forged.ended, 'frame 2 is said to end the connection'),
        ...unless(real.ended && real.actor === 'endpoint', 'frame 7 is not the server’s own end of the connection'),
        ...unless(reset.sender.actor === 'endpoint' && reset.sender.side === 'server', 'the sender is not the server'),
      ];
    },
  },
  {
    capture: 'suricata-verify__with_evasion_windows.pcap',
    tells: 'a forged refusal that the client ignores',
    differs: (report) => {
      const reset = only(report);
      const { effect, actor, mechanism } = rstAt(reset, 2);
      return [
        ...unless(actor === 'middlebox' && mechanism === 'forged', 'frame 2 is not called forged'),
        ...unless(effect === 'ignored', `the client is said to have ${effect} it`),
        ...unless(reset.cause.id === 'injected' && reset.impact === 'none', `${reset.cause.id}, ${reset.impact}`),
      ];
    },
  },
  {
    capture: 'suricata-verify__issue_no_icmp.pcap',
    tells: 'the client aborts a download; something else answers four more segments in its name',
    differs: (report) => {
      const reset = only(report);
      const late = [31, 32, 33, 34].map((frame) => rstAt(reset, frame));
      return [
        ...unless(rstAt(reset, 30).ended && reset.cause.id === 'client-abort', 'frame 30 is not the client’s abort'),
        ...unless(reset.sender.actor === 'endpoint', 'frame 30 is not taken for the client’s own'),
        ...unless(
          late.every(({ actor, ended }) => actor !== 'endpoint' && !ended),
          'a RST with TTL 244 is taken for the client’s own',
        ),
        ...unless(
          reset.evidence.some(({ text }) => text.includes('TTL 244')),
          'the other TTL is not told',
        ),
      ];
    },
  },
  {
    capture: 'Malcolm-Test-Artifacts__Modicon.pcap',
    tells: 'every packet is captured twice, a hop apart, with a scan in it: nothing is injected',
    differs: (report) => {
      const copies = report.resets.flatMap(({ rsts }) => rsts.filter(({ duplicateOf }) => duplicateOf !== null));
      const rsts = report.resets.flatMap((reset) => reset.rsts);
      return [
        ...unless(copies.length * 2 === rsts.length, `${copies.length} copies among ${rsts.length} RSTs`),
        ...accusedIn(report),
        ...unless(
          report.resets.some(({ cause }) => cause.id === 'port-scan'),
          'the scan is not told',
        ),
      ];
    },
  },
  {
    capture: 'zeek__psql-aws-ssl-preferred.pcap',
    tells: 'a race of two closes: both sides reset, and nothing is lost',
    differs: (report) => {
      const reset = only(report);
      return [
        ...unless(reset.cause.id === 'benign-close' && reset.impact === 'none', `${reset.cause.id}, ${reset.impact}`),
        ...unless(rstAt(reset, 27).from === 'client' && rstAt(reset, 28).from === 'server', 'not a RST of both sides'),
        ...accusedIn(report),
      ];
    },
  },
  {
    capture: 'suricata-verify__bug-76__input.pcap',
    tells: 'a data packet with a RST flag by mistake: nobody heeds it',
    differs: (report) => {
      const { effect, ended } = only(report).rsts[0]!;
      return [...unless(effect === 'ignored', `its effect is ${effect}`), ...unless(!ended, 'it is said to end it')];
    },
  },
  {
    capture: 'zeek__single-rst.pcap',
    tells: 'a RST and nothing else: no claim about its sender',
    differs: (report) => [...stateOf(report, 'OTH'), ...unsure(report)],
  },
  {
    capture: 'zeek__syn-then-ack-then-rst.pcap',
    tells: 'SYN, ACK, RST: the SYN was never answered by a SYN+ACK',
    differs: (report) => [...stateOf(report, 'RSTOS0'), ...unsure(report), ...accusedIn(report)],
  },
  {
    capture: 'zeek__modbus-and-non-modbus-p502.pcap',
    tells: 'a scan’s RST, and RSTs of both sides',
    differs: (report) => {
      const reset = only(report);
      return [
        ...unless(rstAt(reset, 64).from === 'client' && rstAt(reset, 66).from === 'server', 'not a RST of both sides'),
        ...unless(rstAt(reset, 64).mechanism === 'passive-answer', 'frame 64 is no kernel’s answer to the SYN+ACK'),
        ...accusedIn(report),
      ];
    },
  },
  {
    capture: 'Malcolm-Test-Artifacts__Tunnels.pcap',
    tells: 'tunnels in tunnels: no TTL of them accuses a middlebox; a NAT’s RST for a closed flow is told apart',
    differs: (report) => [
      ...accusedIn(report),
      ...unless(
        report.resets.some(({ rsts }) => rsts.some(({ frame, actor }) => frame === 1051 && actor === 'unknown')),
        'frame 1051 (TTL 255, 18 s late) is taken for the server’s own',
      ),
    ],
  },
  {
    capture: 'zeek__gre-aruba.pcap',
    tells: 'one direction in GRE: no TTL accuses a middlebox, and no answer is missed that was only not captured',
    differs: (report) => [
      ...accusedIn(report),
      ...unless(
        report.resets.every(({ cause }) => cause.level === 'possible'),
        'a cause is called likely',
      ),
    ],
  },
  {
    capture: 'Malcolm-Test-Artifacts__backscatter.trace',
    tells: 'backscatter: answers to somebody else’s forged packets, and no forger among those who answer',
    differs: (report) => [
      ...accusedIn(report),
      ...unless(
        report.resets.filter(({ cause }) => cause.id !== 'stray').length * 20 < report.resets.length,
        'the answers are not taken for strays',
      ),
    ],
  },
];

async function main(folder: string): Promise<void> {
  let different = 0;
  for (const { capture, tells, differs } of STORIES) {
    const path = join(folder, 'captures', capture);
    const problems = existsSync(path) ? differs(await readCapture(path, { allRsts: true })) : ['not in the folder'];
    if (problems.length > 0) different++;
    console.log(`${capture}: ${tells}: ${problems.length === 0 ? 'told' : problems.join('; ')}`);
  }
  console.log(`${STORIES.length} stories, ${different} not told`);
  if (different > 0) process.exitCode = 1;
}

function unless(holds: boolean, problem: string): readonly string[] {
  return holds ? [] : [problem];
}

function only({ resets }: Report): Reset {
  if (resets.length !== 1) throw new Error(`${resets.length} resets instead of one`);
  return resets[0]!;
}

function rstAt(reset: Reset, frame: number): Rst {
  const rst = reset.rsts.find((one) => one.frame === frame);
  if (rst === undefined) throw new Error(`no RST in frame ${frame}`);
  return rst;
}

function accusedIn(report: Report): readonly string[] {
  const accused = report.resets.flatMap(({ rsts }) =>
    rsts.filter(({ actor, mechanism }) => actor === 'middlebox' || /^(?:forged|in-path-answer)$/.test(mechanism)),
  );
  return accused.map(({ frame }) => `frame ${frame} is blamed on a middlebox`);
}

function stateOf(report: Report, state: string): readonly string[] {
  const { connection } = only(report);
  return unless(connection.state === state, `state ${connection.state} instead of ${state}`);
}

function unsure(report: Report): readonly string[] {
  const { sender } = only(report);
  return unless(sender.level === 'possible', `the sender is called ${sender.level}`);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: tsx test/corpus/stories.ts DIR');
  process.exitCode = 2;
} else {
  await main(folder);
}
