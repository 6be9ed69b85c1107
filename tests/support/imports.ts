import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { projectRoot } from '../../src/app/project.ts';

/** What each file imports, by path from the project folder; of types, too: a circle of types is a circle to a reader. */
export type Imports = ReadonlyMap<string, readonly string[]>;

const specifier = /(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;

/** The imports among the TypeScript files of `src`. */
export function readImports(): Imports {
  const files = globSync('src/**/*.ts', { cwd: projectRoot }).sort();
  return new Map(files.map((file) => [file, importsOf(file, readFileSync(join(projectRoot, file), 'utf8'))]));
}

/** The files that a file's text imports by a relative path. */
export function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(specifier)].map(([, path]) => normalize(join(dirname(file), path!)));
}

/** The sets of files that import one another, directly or through others; each set sorted. */
export function circlesOf(imports: Imports): string[][] {
  const reach = new Map([...imports.keys()].map((file) => [file, reachedFrom(file, imports)]));
  const circles = new Map<string, string[]>();
  for (const [file, reached] of reach) {
    if (!reached.has(file)) continue;
    const circle = [...reached].filter((other) => reach.get(other)?.has(file)).sort();
    circles.set(circle.join(), circle);
  }
  return [...circles.values()];
}

function reachedFrom(file: string, imports: Imports): Set<string> {
  const reached = new Set<string>();
  const open = [file];
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const imported of imports.get(next) ?? [])
      if (!reached.has(imported)) {
        reached.add(imported);
        open.push(imported);
      }
  return reached;
}
