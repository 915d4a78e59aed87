#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`needs Node 20.19 or newer, this is ${process.versions.node}`);
} else {
  try {
    const { main } = await import('../dist/src/cli/main.js');
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const missing = /find package '([^']+)'/.exec(error.message)?.[1];
    fail(
      missing ? `the package ${missing} is not installed: run npm ci` : 'not built yet: run npm ci, then npm run build',
    );
  }
}

function fail(message) {
  process.stderr.write(`firsthand: ${message}\n`);
  process.exitCode = 2;
}
