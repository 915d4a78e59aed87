/** What is read of a scenario's captures: of each, and of all of them together. */
import { basename } from 'node:path';
import { readCapture } from '../src/collect/read-capture.ts';
import { readCaptures } from '../src/collect/read-captures.ts';
import type { Report } from '../src/report/types.ts';
import type { View } from './compare-text.ts';
import type { Obtained } from './obtain.ts';
import { truthAt } from './scenario.ts';
import type { Point, Scenario } from './scenario.ts';

/** Each capture by itself and, where there are several of the same traffic, all of them together. */
export async function readViews(scenario: Scenario, captures: Obtained['captures'], isKept: boolean): Promise<View[]> {
  const views: View[] = [];
  // What is removed in a moment has no path, only a name.
  const named = isKept ? (report: Report): Report => report : withNames;
  for (const { point, path } of captures) {
    views.push({ place: toPlace(point), truth: truthAt(scenario, point), report: named(await readCapture(path)) });
  }
  if (captures.length < 2) return views;
  const truths = captures.map(({ point }) => truthAt(scenario, point));
  const outcomes = await readCaptures(captures.map(({ path }) => path));
  for (const outcome of outcomes) {
    if ('report' in outcome && outcome.paths.length > 1) {
      const places = outcome.paths.length === captures.length ? 'all together' : 'several together';
      views.push({ place: places, truth: scenario.truth, truths, report: named(outcome.report) });
    }
  }
  return views;
}

function withNames(report: Report): Report {
  return { ...report, inputs: report.inputs.map((input) => ({ ...input, path: basename(input.path) })) };
}

function toPlace(point: Point): string {
  return point === 'loopback' ? 'on loopback' : `at the ${point}`;
}
