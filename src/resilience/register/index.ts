/**
 * `node --import firsthand/register app.js`: connection errors of this process tell their own story.
 * Changes nothing else: no listener is added, no option set, no byte sent; what fails here is switched off in silence.
 *
 * @example
 * process.on('uncaughtExceptionMonitor', (error) => log(error.firsthand?.cause));
 */
import { onAnnotated } from './annotate.ts';
import { guarded } from './guard.ts';
import { tellThroughCauses } from './outer-errors.ts';
import { reportFile } from './report-file.ts';
import { summary } from './summary.ts';
import { watchHttp } from './watch-http.ts';
import { watchHttp2 } from './watch-http2.ts';
import { watchSockets } from './watch-sockets.ts';
import { watchUndici } from './watch-undici.ts';

export type { Facts, FirsthandRecord, Judgement, LastFromPeer, RequestLine } from './record.ts';

const INSTALLED = Symbol.for('firsthand.register');

// Two copies of the package, or --import given twice, would tell each story twice.
if (!(INSTALLED in globalThis)) {
  Object.defineProperty(globalThis, INSTALLED, { value: true });
  const parts = [watchSockets, watchHttp, watchHttp2, watchUndici, tellThroughCauses, listen];
  for (const part of parts) guarded(part)(undefined, undefined);
}

function listen(): void {
  const { FIRSTHAND_REPORT: path, FIRSTHAND_SUMMARY: mode } = process.env;
  if (path) onAnnotated(guarded(reportFile(path)));
  if (mode === '1' || mode === 'exit') onAnnotated(guarded(summary(mode)));
}
