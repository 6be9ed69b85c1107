import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { jsonSchema } from '../../config/schema.ts';
import { loadConfig } from '../../src/app/config/load.ts';
import { projectRoot } from '../../src/app/project.ts';

describe('the configuration files', () => {
  test.each(['config/rebalanced.yaml', 'config/examples/demo.yaml'])('%s is valid', (path) => {
    expect(loadConfig(join(projectRoot, path)).portfolios.length).toBeGreaterThan(0);
  });

  test('the JSON Schema is the one of the zod schema (npm run schema writes it)', () => {
    expect(readFileSync(join(projectRoot, 'config/rebalanced.schema.json'), 'utf8')).toBe(jsonSchema());
  });
});
