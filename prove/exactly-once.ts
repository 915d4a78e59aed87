/**
 * POSTs through a proxy that resets 30 % of them before or after execution, to two server processes on one store, one of
 * which is killed and started again in the middle. Every execution is counted where the keys lie.
 */
import { parseArgs } from 'node:util';
import { positiveInteger, UsageError } from '../bench/options.ts';
import { renderTable } from '../bench/table.ts';
import { CLIENTS } from './exactly-once-clients.ts';
import { LEDGERS, type StoreName, TRANSACTIONAL } from './exactly-once-ledger.ts';
import { measureRow, type Plan, RESET_SHARE, type Row } from './exactly-once-row.ts';
import { type OwnFolder, ownFolder } from './own-folder.ts';
import { readable } from './readable.ts';

export const about: string = 'POSTs under resets and a killed server: answered, lost, executed twice';

/** The row of which everything is claimed; the defaults (4 attempts, with a budget) are shown beside it. */
const OURS = 'firsthand, 15 attempts';
const NAMES = Object.keys(CLIENTS);

export const help: string = `npm run prove -- exactly-once [--operations N] [--store NAME,...] [--only NAME] [--at-once N] [--seed N]

  --operations N     POSTs of each row (default 300)
  --store NAME,...   of ${Object.keys(LEDGERS).join(', ')} (default ${TRANSACTIONAL.join(',')}, which alone make exactly once);
                     PostgreSQL and Redis are started from their Debian packages, in a directory of their own
  --only NAME        the rows whose name begins so: ${NAMES.join('; ')}
  --at-once N        POSTs under way at a time (default 50)
  --seed N           which exchanges are reset (default 1)`;

/** Prints a table for each store; 1 unless, on a transactional store, our row answers all and executes each once. */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      operations: { type: 'string', default: '300' },
      store: { type: 'string', default: TRANSACTIONAL.join(',') },
      only: { type: 'string', default: '' },
      'at-once': { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
    },
  });
  const stores = values.store.split(',').map(toStore);
  const names = NAMES.filter((name) => name.startsWith(values.only));
  if (names.length === 0) throw new UsageError(`--only ${values.only}: no row begins so`);
  const operations = positiveInteger('--operations', values.operations);
  const atOnce = positiveInteger('--at-once', values['at-once']);
  const seed = positiveInteger('--seed', values.seed);
  const folder = ownFolder('firsthand-exactly-once-');
  try {
    let worst = 0;
    for (const [at, store] of stores.entries()) {
      if (at > 0) console.log('');
      worst = Math.max(worst, await prove({ store, operations, atOnce, seed }, names, folder));
    }
    return worst;
  } finally {
    folder.remove();
  }
}

function toStore(name: string): StoreName {
  if (Object.hasOwn(LEDGERS, name)) return name as StoreName;
  throw new UsageError(`--store ${name}: of ${Object.keys(LEDGERS).join(', ')} one is needed`);
}

/** The exit code of one store's table; a store that cannot be started here does not keep the others from theirs. */
async function prove(plan: Plan, names: readonly string[], folder: OwnFolder): Promise<number> {
  const ledger = await folder.with(LEDGERS[plan.store]).catch(readable);
  if (typeof ledger === 'string') {
    console.error(`${plan.store} is not measured: ${ledger}`);
    return 2;
  }
  const rows: Row[] = [];
  try {
    for (const name of names) rows.push(await measureRow(name, plan, ledger));
  } finally {
    await ledger.close();
  }
  print(rows, plan);
  return judge(rows, plan);
}

function judge(rows: readonly Row[], { store, operations }: Plan): number {
  if (!TRANSACTIONAL.includes(store)) {
    console.log(`\n${store} commits no effect with its key: no claim of exactly once.`);
    return 0;
  }
  const ours = rows.find(({ name }) => name === OURS);
  if (ours === undefined) return 0;
  const holds = ours.answered === operations && ours.twice === 0 && ours.phantom === 0;
  console.log(`\n${OURS}: ${holds ? 'every operation answered and executed exactly once' : 'the claim does not hold'}`);
  return holds ? 0 : 1;
}

function print(rows: readonly Row[], { store, operations, atOnce, seed }: Plan): void {
  const killed = store === 'memory' ? 'one server' : 'two servers, one killed and restarted';
  console.log(
    `${operations} POSTs, ${atOnce} at once, ${RESET_SHARE * 100} % reset (seed ${seed}), ${store} store, ${killed}, Node ${process.version}\n`,
  );
  const head = ['', 'answered', 'lost', 'executed twice+', 'executions', 'resets before', 'after', 'seconds'];
  const lines = rows.map((row) => [
    row.name,
    ...[row.answered, operations - row.answered, row.twice, row.executions, row.resets.before, row.resets.after].map(
      String,
    ),
    row.seconds.toFixed(1),
  ]);
  console.log(renderTable([head, ...lines]));
  for (const { name, failures } of rows)
    if (failures.size > 0) console.log(`${name}: ${[...failures].map(([text, n]) => `${n} × ${text}`).join(', ')}`);
}
