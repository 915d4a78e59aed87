/** Where the figures were measured. */
import * as os from 'node:os';

/** Lines that name processor, memory, kernel, Node and the load before the first run. */
export function describeMachine(): readonly string[] {
  const cpus = os.cpus();
  return [
    `machine  ${cpus.length} × ${cpus[0]?.model ?? 'unknown processor'}, ${(os.totalmem() / 1e9).toFixed(1)} GB memory`,
    `system   ${os.type()} ${os.release()} ${os.arch()}, Node ${process.version}`,
    `load     ${os
      .loadavg()
      .map((n) => n.toFixed(2))
      .join(' ')} (1, 5, 15 minutes, before the first run)`,
  ];
}
