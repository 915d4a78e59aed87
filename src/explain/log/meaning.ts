import type { LogGroup } from './define.ts';

/** An earlier group with the same causes and the same retry advice; they need not be said twice. */
export function explainedBefore(group: LogGroup, groups: readonly LogGroup[]): LogGroup | undefined {
  return groups.slice(0, groups.indexOf(group)).find((other) => toAdvice(other) === toAdvice(group));
}

function toAdvice({ retry, causes }: LogGroup): string {
  return JSON.stringify([retry, causes]);
}
