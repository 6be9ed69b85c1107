import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md', 'ops/**/*.md'], { cwd: root }).sort();

/** Targets of a document's links to files of this project, without their anchors. */
function linkedFiles(path: string): string[] {
  const targets = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!.split('#')[0]!);
  return targets.filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

test('documents link to each other', () => {
  expect(documents).toContain('README.md');
  expect(linkedFiles('README.md')).toContain('CONTRIBUTING.md');
});

test.each(documents)('%s links only to what is there', (path) => {
  const broken = linkedFiles(path).filter((target) => !existsSync(resolve(root, dirname(path), target)));
  expect(broken).toEqual([]);
});

test('every decision is in the index', () => {
  const pages = documents.filter((path) => /^docs\/decisions\/(?!README)/.test(path));
  expect(
    linkedFiles('docs/decisions/README.md')
      .map((target) => `docs/decisions/${target}`)
      .sort(),
  ).toEqual(pages);
});

test('.nvmrc names the Node that package.json pins', () => {
  expect(read('.nvmrc').trim()).toBe(JSON.parse(read('package.json')).dependencies.node);
});

test('every script of package.json is shown in CONTRIBUTING.md or README.md', () => {
  const text = read('CONTRIBUTING.md') + read('README.md');
  const isShown = (name: string) => new RegExp(`(?:npm (?:run )?(?:-s )?|\`)${name}(?![\\w:])`).test(text);
  const { postinstall, ...scripts } = JSON.parse(read('package.json')).scripts;
  expect(postinstall).toBeDefined();
  expect(Object.keys(scripts).filter((name) => !isShown(name))).toEqual([]);
});
