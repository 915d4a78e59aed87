/**
 * firsthand as a library, in Node.
 * @module
 */
export { readCapture, type ReadOptions, type ReadProgress, type RoleHint } from './collect/read-capture.ts';
export { CaptureError, type CaptureErrorCode } from './capture/errors.ts';
export { explain, type Explained, type Explanation, type NotRecognised } from './explain/explain.ts';
export type { Fields, LikelyCause, Step } from './explain/define.ts';
export type * from './report/types.ts';
export { CAUSE_IDS, SILENCE_IDS, type CauseId, type SilenceId } from './terms/causes.ts';
