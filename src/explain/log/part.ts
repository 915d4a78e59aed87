import type { Episode, LogInput, Nearby } from './define.ts';
import type { Baseline } from './findings.ts';
import type { Group } from './group.ts';

/** One log, read and counted, not yet judged: events of other logs may explain it. */
export interface LogPart {
  readonly input: LogInput;
  readonly groups: readonly Group[];
  readonly moreGroups: number;
  readonly moreGroupLines: number;
  readonly baseline: Baseline;
  readonly nearby: readonly Nearby[];
  readonly moreNearby: number;
  readonly episodes: readonly Episode[];
  readonly notes: readonly string[];
}
