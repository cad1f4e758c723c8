#!/usr/bin/env node
// The one JavaScript file: it must run on an old Node to say that the Node is old, or to hand over to the one that
// `npm ci` has brought along.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const major = Number(process.versions.node.split('.')[0]);

if (major >= 24) {
  module.enableCompileCache();
  const { main } = await import('../src/main.ts');
  await main(process.argv.slice(2));
} else {
  const own = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(own)) {
    const child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    // Whoever stops us means the gateway: one that nobody knows of would keep its ports.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('exit', (status) => {
      process.exitCode = status ?? 1;
    });
  } else {
    process.stderr.write(
      `Ginnel needs Node 24 or later; this is ${process.versions.node}. Run "npm ci" here, or install Node 24.\n`,
    );
    process.exitCode = 1;
  }
}
