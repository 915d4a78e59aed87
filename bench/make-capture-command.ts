import { parseArgs } from 'node:util';

import { CACHE, cleanCaptures, makeCapture } from './make-capture.ts';
import { positiveInteger, share } from './options.ts';
import { USUAL_TRAFFIC } from './traffic.ts';

export const about: string = 'write the generated capture and print what it holds';

export const help: string = `npm run bench -- make-capture [options]

  --packets N        packets of the capture (default 5000000, about 490 MB)
  --seed N           another seed gives other traffic (default 1)
  --concurrent N     connections open at the same time (default ${USUAL_TRAFFIC.concurrent})
  --reset-share X    share of connections that end in a RST, 0 to 1 (default ${USUAL_TRAFFIC.resetShare})
  --clean            delete the cached captures (${CACHE}) and stop`;

/** Prints the file and its contents as JSON. */
export function run(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      packets: { type: 'string', default: '5000000' },
      seed: { type: 'string', default: '1' },
      concurrent: { type: 'string', default: String(USUAL_TRAFFIC.concurrent) },
      'reset-share': { type: 'string', default: String(USUAL_TRAFFIC.resetShare) },
      clean: { type: 'boolean', default: false },
    },
  });
  if (values.clean) return cleanCaptures();
  const packets = positiveInteger('--packets', values.packets);
  const capture = makeCapture(packets, positiveInteger('--seed', values.seed), CACHE, {
    concurrent: positiveInteger('--concurrent', values.concurrent),
    resetShare: share('--reset-share', values['reset-share']),
  });
  console.log(JSON.stringify(capture, undefined, 2));
}
