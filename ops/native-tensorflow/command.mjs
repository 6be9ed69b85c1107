// Runs one outside program to its end, keeping what it says for the case that it fails.
import { spawn } from 'node:child_process';

const charactersKeptMax = 4000;

/**
 * @returns {Promise<string>} the program's standard output
 * Throws an Error that names the program, how it ended and its last output; `missing` is true when there is no such program.
 */
export function run(program, args, { cwd, env = process.env, timeoutSeconds = 900 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const limit = setTimeout(() => child.kill('SIGKILL'), timeoutSeconds * 1000);
    let out = '';
    let all = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      all = (all + chunk).slice(-charactersKeptMax);
    });
    child.stderr.on('data', (chunk) => {
      all = (all + chunk).slice(-charactersKeptMax);
    });
    child.on('error', (error) => {
      clearTimeout(limit);
      reject(Object.assign(error, { missing: error.code === 'ENOENT' }));
    });
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      if (code === 0) return resolve(out);
      const how = signal ? `was stopped by ${signal} (limit ${timeoutSeconds} s)` : `ended with ${code}`;
      reject(new Error(`${program} ${how}: ${tellingLine(all)}`));
    });
  });
}

function tellingLine(text) {
  const lines = text.split('\n').filter((line) => line.trim());
  const telling = lines.filter((line) => /error|fatal|no module|not found/i.test(line));
  return (telling.at(-1) ?? lines.at(-1) ?? 'it said nothing').trim();
}
