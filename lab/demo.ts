/** `npm start`: makes resets on this machine's loopback, or takes the shipped captures, and lets the reader explain them. */
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { main } from '../src/cli/main.ts';
import { pickStyle, pickWidth } from '../src/cli/terminal.ts';
import { readCapture } from '../src/collect/read-capture.ts';
import { renderText } from '../src/report/text.ts';
import { allScenarios } from './all-scenarios.ts';
import { withCleanup } from './cleanup.ts';
import type { CleanupStack } from './cleanup.ts';
import { makeDirectory } from './leftovers.ts';
import { missingNeeds } from './needs.ts';
import { shippedFiles } from './obtain.ts';
import { record } from './record.ts';
import type { Scenario } from './scenario.ts';

/** Nine causes that plain Node sockets can make in a second or two. */
const DEMO: readonly string[] = [
  'unread-data/http-500-bytes',
  'linger-zero/after-response',
  'client-abort/cancelled-download',
  'payload-rejected/node-413',
  'protocol-mismatch/tls-to-binary-protocol',
  'stale-reuse/late',
  'data-after-close/client-writes-on',
  'benign-close/rst-instead-of-last-fin',
  'refused/closed-port-v4',
];

/** The one that is shown with all its evidence. */
const WHOLE = 'stale-reuse/late';

interface Shown {
  readonly scenario: Scenario;
  readonly path: string;
}

/** Records or finds the captures, prints which of the two it was, then reads them; the exit code. */
export async function demo(): Promise<number> {
  return withCleanup(async (cleanup) => {
    const byId = new Map((await allScenarios()).map((scenario) => [scenario.id as string, scenario]));
    const scenarios = DEMO.map((id) => byId.get(id)).filter((scenario) => scenario !== undefined);
    const { shown, how } = await recordedOrShipped(scenarios, cleanup);
    process.stdout.write(`${how}\n`);
    const style = pickStyle('auto', process.stdout, process.env);
    const width = pickWidth(undefined, process.stdout);
    for (const [index, { scenario, path }] of shown.entries()) {
      process.stdout.write(`\n[${index + 1}/${shown.length}] What was really done: ${scenario.truth.why}.\n`);
      process.stdout.write(renderText(await readCapture(path), { width, detail: 'brief', style }));
    }
    const whole = shown.find(({ scenario }) => scenario.id === WHOLE) ?? shown[0]!;
    process.stdout.write(`\nOne of them whole, as \`firsthand read ${basename(whole.path)}\` shows it:\n\n`);
    const code = await main(['read', whole.path]);
    process.stdout.write(`\nYour own: firsthand read CAPTURE, or, as root, firsthand watch -i any\n`);
    return code;
  });
}

async function recordedOrShipped(
  scenarios: readonly Scenario[],
  cleanup: CleanupStack,
): Promise<{ shown: readonly Shown[]; how: string }> {
  const reason = await whyNotLive(scenarios);
  if (reason !== null) return shipped(scenarios, reason);
  const directory = makeDirectory(cleanup);
  const tries = await Promise.allSettled(
    scenarios.map(async (scenario) => {
      const [recording] = await record(scenario, join(directory, scenario.cause), cleanup);
      return { scenario, path: recording!.path };
    }),
  );
  const failed = tries.find((one) => one.status === 'rejected');
  if (failed !== undefined) return shipped(scenarios, `recording failed: ${(failed.reason as Error).message}`);
  const shown = tries.filter((one) => one.status === 'fulfilled').map((one) => one.value);
  return { shown, how: `Made live: ${shown.length} resets on this machine's loopback, just now, recorded by tcpdump.` };
}

async function whyNotLive(scenarios: readonly Scenario[]): Promise<string | null> {
  const missing = await missingNeeds([...new Set(scenarios.flatMap((scenario) => scenario.needs))]);
  if (missing.includes('root')) return 'recording needs root';
  return missing.length > 0 ? `this machine lacks ${missing.join(', ')}` : null;
}

async function shipped(
  scenarios: readonly Scenario[],
  reason: string,
): Promise<{ shown: readonly Shown[]; how: string }> {
  const shown: Shown[] = [];
  let where = '';
  for (const scenario of scenarios) {
    const [own] = await shippedFiles(scenario);
    if (own === undefined) continue;
    where = own.truth.kernel;
    shown.push({ scenario, path: own.path });
  }
  return { shown, how: `From the captures shipped with firsthand (${where}), because ${reason}.` };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await demo();
