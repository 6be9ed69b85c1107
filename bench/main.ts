import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// `npm run bench -- NAME [ARGUMENTS]` runs ./NAME.ts; without a name it says which there are.
const [name, ...args] = process.argv.slice(2);
const file = join(import.meta.dirname, `${name}.ts`);

if (name && name !== 'main' && /^[a-z-]+$/.test(name) && existsSync(file)) {
  const benchmark: { main: (args: readonly string[]) => Promise<void> } = await import(
    pathToFileURL(file).href
  );
  await benchmark.main(args);
} else {
  const names = readdirSync(import.meta.dirname)
    .filter((entry) => entry.endsWith('.ts') && entry !== 'main.ts')
    .map((entry) => entry.slice(0, -'.ts'.length));
  console.error(`Which benchmark? npm run bench -- ${names.join(' | ')}`);
  process.exitCode = 2;
}
