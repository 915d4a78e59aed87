/** A fact with the frames that show it, in the form that a reader can check: what was expected, what came. */

export interface FrameRef {
  readonly input: number;
  readonly frame: number;
}

export interface Evidence {
  /** Stable name of the fact, such as `live-socket-shape`. */
  readonly fact: string;
  readonly frames: readonly FrameRef[];
  readonly expected?: string;
  readonly received?: string;
  readonly text: string;
}
