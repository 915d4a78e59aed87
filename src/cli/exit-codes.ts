/** What the process tells its caller. */
export const DONE = 0;
export const FINDINGS = 1;
export const FAILED = 2;

export const EXIT_CODES_HELP = `Exit codes

  0  done
  1  findings at or above --fail-on (off unless --fail-on is given)
  2  could not do the job: no such file, not a capture, nothing recognised, no rights, wrong usage

Data goes to standard output, progress and warnings to standard error. A reader that
stops early (| head) is no error.
`;
