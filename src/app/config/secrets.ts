import { readFileSync } from 'node:fs';
import { UserError } from '../user-error.ts';

export type Environment = Record<string, string | undefined>;

/** A secret from NAME, or from the file that NAME_FILE names; null when neither is given. */
export function secret(env: Environment, name: string): string | null {
  const file = env[`${name}_FILE`];
  if (env[name] && file) throw new UserError(`${name} and ${name}_FILE are both set; expected one of them`);
  if (env[name]) return env[name];
  if (!file) return null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new UserError(
      `${name}_FILE names ${file}, which cannot be read; expected a file that holds the secret`,
    );
  }
}
