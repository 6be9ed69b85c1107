#!/usr/bin/env node
// The door for whatever Node is at hand: hands over to the Node pinned in package.json, which reads TypeScript.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = join(root, 'node_modules', 'node', 'bin', 'node');
const args = [join(root, 'src', 'main.ts'), ...process.argv.slice(2)];

if (!existsSync(node)) {
  console.error(`rebalanced: its own Node is not installed (expected at ${node}); run "npm ci" in ${root}`);
  process.exit(1);
}

// A terminal sends Ctrl-C to the child as well; only elsewhere must it be passed on, or the child would see it twice.
const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
const child = spawn(node, args, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !atTerminal) child.kill(signal);
  });
}
child.on('error', (error) => {
  console.error(`rebalanced: ${node} cannot be started: ${error.message}; run "npm ci" in ${root}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
