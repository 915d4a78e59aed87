import { parseArgs } from 'node:util';

import { CACHE, cleanCaptures, makeCapture } from './make-capture.ts';
import { positiveInteger } from './options.ts';

export const about: string = 'write the generated capture and print what it holds';

export const help: string = `npm run bench -- make-capture [--packets N] [--seed N] [--clean]

  --packets N   packets of the capture (default 5000000, about 490 MB)
  --seed N      another seed gives other traffic (default 1)
  --clean       delete the cached captures (${CACHE}) and stop`;

/** Prints the file and its contents as JSON. */
export function run(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      packets: { type: 'string', default: '5000000' },
      seed: { type: 'string', default: '1' },
      clean: { type: 'boolean', default: false },
    },
  });
  if (values.clean) return cleanCaptures();
  const capture = makeCapture(positiveInteger('--packets', values.packets), positiveInteger('--seed', values.seed));
  console.log(JSON.stringify(capture, undefined, 2));
}
