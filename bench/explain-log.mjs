/** One run of the log reader as a whole process: DIST LOG. Prints what it counted. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, log] = process.argv.slice(2);
const { explainLogs } = await import(pathToFileURL(path.resolve(dist, 'src/collect/read-log.js')).href);
const { inputs, groups } = await explainLogs([log]);
const { lines, recognised } = inputs[0];
console.log(JSON.stringify({ lines, recognised, groups: groups.length }));
