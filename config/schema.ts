import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { configSchema } from '../src/app/config/schema.ts';

/** The configuration's JSON Schema, for editors; `npm run schema` writes it. */
export function jsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' }), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(new URL('rebalanced.schema.json', import.meta.url), jsonSchema());
