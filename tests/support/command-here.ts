import { vi } from 'vitest';
import { runCommand } from '../../src/cli/program.ts';

/**
 * Runs a command line in this process: what it prints, what it complains of, and its exit code. Faster than a process
 * of its own, where many inputs are tried; its log is silent.
 */
export async function commandHere(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; output: string; errors: string }> {
  const said = { output: '', errors: '' };
  const take = (name: keyof typeof said) => (chunk: unknown) => {
    said[name] += String(chunk);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(take('output')),
    vi.spyOn(process.stderr, 'write').mockImplementation(take('errors')),
    vi.spyOn(console, 'log').mockImplementation((line: unknown) => take('output')(`${line}\n`)),
  ];
  vi.stubEnv('LOG_LEVEL', 'silent');
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    return { code: await runCommand(args), ...said };
  } finally {
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
