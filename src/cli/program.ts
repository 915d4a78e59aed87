/** The commands with their help, built from the flag tables; actions load their command when called. */
import { createRequire } from 'node:module';
import { Command, Option } from 'commander';
import { EXIT_CODES_HELP } from './exit-codes.ts';
import {
  EXPLAIN_FLAGS,
  type ExplainFlags,
  type Flag,
  LAB_FLAGS,
  type LabFlags,
  READ_FLAGS,
  type ReadFlags,
  WATCH_FLAGS,
  type WatchFlags,
} from './flags.ts';
import type { Io } from './io.ts';

/** The verbs, for the nearest-name hint. */
export const VERBS = ['explain', 'read', 'watch', 'lab', 'help'] as const;

const EXAMPLES = `Examples
  firsthand "read ECONNRESET"                 what an error message means, and what to run next
  firsthand /var/log/nginx/error.log          what a log tells of failed connections
  firsthand capture.pcapng                    who reset what, and why
  firsthand read -q *.pcap                    one verdict per capture
  tcpdump -i eth0 -U -w - tcp | firsthand -   the same from a pipe
  firsthand read --json capture.pcap | jq '.resets[].cause'
  firsthand watch -i eth0 port 443            resets as they happen
  firsthand lab stale-reuse                   one of the causes made for real, truth beside verdict
`;

const EXPLAIN_EXAMPLES = `Examples
  firsthand explain "read ECONNRESET"
  firsthand explain 'curl: (56) Recv failure: Connection reset by peer'
  node app.js 2>&1 | firsthand explain -
  firsthand explain /var/log/nginx/error.log  the story of a log: when, how often, which peers, in common
  firsthand explain nginx.log haproxy.log.gz  of several hops, joined on time and address
  journalctl -u app -o short-iso | firsthand explain --markdown -
  firsthand explain stale-reuse               one of the causes of a reset
  firsthand explain keep-alive                or: reset-or-refused, reset-or-timeout, node, half-close, time-wait,
                                              so-linger, retries, idempotency, drain, 502-503-504, who-sent-it
`;

const READ_EXAMPLES = `Examples
  firsthand read capture.pcapng
  firsthand read client.pcap server.pcap      the same traffic from two places: one report
  firsthand read -v --role 10.0.0.5=proxy:edge capture.pcap.gz
  firsthand read --fail-on likely test-run.pcap || echo "resets!"
  firsthand read --kernel trace.txt --strace strace.txt capture.pcap   proof from the sender's host
  ssh gate 'tcpdump -i eth0 -U -w - tcp' | firsthand read -
`;

const WATCH_EXAMPLES = `Examples
  firsthand watch -i eth0
  firsthand watch -i any -w incident.pcap --duration 600 port 443
  firsthand watch -i lo -- 'host 127.0.0.1 and port 8080'
`;

const LAB_EXAMPLES = `Examples
  firsthand lab                               what there is to show
  sudo firsthand lab stale-reuse              the first scenario of a cause
  sudo firsthand lab injected/both-ends       one scenario, seen from each place and from all of them together
  sudo firsthand lab --keep captures refused  keep the captures, here in captures/refused-closed-port-v4/

Live it takes root, Linux and what lab/packages.sh of this package installs (Debian, Ubuntu); where
something is missing, the recording that comes with firsthand is shown, and the first line says so.
A scenario has networks, processes and temporary files of its own, in namespaces: this machine's are
not touched, and whatever interrupts it, nothing stays behind.
`;

/** The parser. `setExit` receives the exit code of the command that ran. */
export function toProgram(io: Io, setExit: (code: number) => void): Command {
  const program = new Command('firsthand')
    .description('Who reset your TCP connection, why, and how to keep the next one alive.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--debug', 'print the stack of an error')
    .addHelpText('before', EXAMPLES)
    .addHelpText('after', '\nTopics: firsthand help explain, help read, help watch, help lab, help exit-codes')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: () => {},
      getOutHelpWidth: () => io.stdout.columns ?? 100,
    })
    .showSuggestionAfterError(true)
    .exitOverride();
  program.helpCommand(false);
  program.command('help [topic]', { hidden: true }).action((topic?: string) => {
    if (topic === 'exit-codes') io.stdout.write(EXIT_CODES_HELP);
    else (program.commands.find((command) => command.name() === topic) ?? program).outputHelp();
  });
  addFlags(program.command('explain'), EXPLAIN_FLAGS)
    .description(
      'Explain an error message, a log line, a stack trace, whole logs, a cause or a topic. A text with one failure is ' +
        'explained; several failures in the course of time, and several logs, are told as one story.',
    )
    .argument('[text...]', 'the text, files with it (also gz and zst), a cause, a topic, or - for standard input')
    .addHelpText('before', EXPLAIN_EXAMPLES)
    .action(async (text: string[], flags: ExplainFlags) => {
      const { runExplain } = await import('./commands/explain.ts');
      setExit(await runExplain(text, flags, io));
    });
  addFlags(program.command('read'), READ_FLAGS)
    .description(
      'Read captures: pcap, pcapng or snoop, also gz and zst, - for standard input. Several captures of the same traffic ' +
        'are joined, and give one report.',
    )
    .argument('<capture...>', 'capture files')
    .addHelpText('before', READ_EXAMPLES)
    .action(async (captures: string[], flags: ReadFlags) => {
      const { runRead } = await import('./commands/read.ts');
      setExit(await runRead(captures, flags, io));
    });
  addFlags(program.command('watch'), WATCH_FLAGS)
    .description("Watch an interface through the system's tcpdump; Ctrl-C ends it with the summary.")
    .argument('[filter...]', 'tcpdump filter (default: tcp)')
    .addHelpText('before', WATCH_EXAMPLES)
    .action(async (filter: string[], flags: WatchFlags) => {
      const { runWatch } = await import('./commands/watch.ts');
      setExit(await runWatch(filter, flags, io));
    });
  addFlags(program.command('lab'), LAB_FLAGS)
    .description('Make a cause for real on this machine, and show what was done, what is seen of it, and the verdict.')
    .argument('[cause]', 'a cause, or CAUSE/NAME for one of its scenarios (default: list them)')
    .addHelpText('before', LAB_EXAMPLES)
    .action(async (asked: string | undefined, flags: LabFlags) => {
      const { runLab } = await import('./commands/lab.ts');
      setExit(await runLab(asked, flags, io));
    });
  return program;
}

function addFlags(command: Command, table: readonly Flag[]): Command {
  for (const { flags, text, parse, initial, counts } of table) {
    const option = new Option(flags, text);
    if (initial !== undefined) option.default(initial);
    if (parse) option.argParser(parse);
    if (counts) option.argParser((_: string, previous: unknown) => Number(previous) + 1);
    command.addOption(option);
  }
  return command.helpOption('-h, --help', 'print this help').exitOverride();
}

function readVersion(): string {
  const manifest = createRequire(import.meta.url)('firsthand/package.json') as { readonly version: string };
  return manifest.version;
}
