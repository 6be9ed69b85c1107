import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../src/app/project.ts';

const launcher = join(projectRoot, 'bin/rebalanced.js');

export type Ended = { code: number | null; output: string; errors: string; milliseconds: number };

/** What a command sees of the environment: nothing of ours that could change what it does, and no secret. */
function environment(extra: Record<string, string>): Record<string, string> {
  const { PATH = '', HOME = '', LANG = 'C.UTF-8' } = process.env;
  const kept = ['REBALANCED_CACHE_DIR', 'XDG_CACHE_HOME'].flatMap((name) =>
    process.env[name] ? [[name, process.env[name]]] : [],
  );
  return { PATH, HOME, LANG, NO_COLOR: '1', ...Object.fromEntries(kept), ...extra };
}

export type RunningCommand = {
  child: ChildProcess;
  /** everything said so far, on both streams */
  said(): string;
  /** resolves once what was said matches; rejects when the command ends before */
  until(pattern: RegExp): Promise<RegExpMatchArray>;
  ended: Promise<Ended>;
  /** SIGKILL to the launcher and all it has started */
  kill(): void;
};

/** Starts `rebalanced` with these arguments as its own process, by its own launcher. */
export function startCommand(args: readonly string[], env: Record<string, string> = {}): RunningCommand {
  return startProgram(process.execPath, [launcher, ...args], env);
}

/** Starts a program in the project's folder as `startCommand` does. */
export function startProgram(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): RunningCommand {
  const startedAt = performance.now();
  const child = spawn(program, args, {
    cwd: projectRoot,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, so that it can be killed with all its children
  });
  const parts = { output: '', errors: '' };
  let onData = () => {};
  for (const [name, stream] of [
    ['output', child.stdout],
    ['errors', child.stderr],
  ] as const)
    stream.setEncoding('utf8').on('data', (text: string) => {
      parts[name] += text;
      onData();
    });
  const said = () => parts.output + parts.errors;
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    ...parts,
    milliseconds: performance.now() - startedAt,
  }));
  return {
    child,
    said,
    ended,
    kill() {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // all of it has ended
      }
    },
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = said().match(pattern);
          if (match) resolve(match);
        };
        onData = look;
        look();
        void ended.then(() => reject(new Error(`ended without saying ${pattern}:\n${said()}`)));
      }),
  };
}

/** Runs a command to its end. */
export function command(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return startCommand(args, env).ended;
}
