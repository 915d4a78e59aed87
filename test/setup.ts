/** The same property cases in every run, so that a red test is red again; `npm run fuzz` looks for new ones. */
import { configureGlobal } from 'fast-check';

configureGlobal({ seed: 20_261_120 });
