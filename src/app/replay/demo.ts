import { join } from 'node:path';
import type { Session } from '../../core/calendar/session.ts';
import { loadConfig } from '../config/load.ts';
import type { Environment } from '../config/secrets.ts';
import { projectRoot } from '../project.ts';
import { demoName } from '../store.ts';
import { type ReplayPlan, replayConfig } from './plan.ts';

export const demoConfigPath = join(projectRoot, 'config/examples/demo.yaml');

/** The last session of the bundled closes. */
export const demoLast: Session = '2022-12-28';

/** The demo is a replay of the example that the product carries. */
export function demoPlan(last: Session, env: Environment): ReplayPlan {
  const config = replayConfig(loadConfig(demoConfigPath), demoName, null, env);
  return { name: demoName, configPath: demoConfigPath, config, from: null, last };
}
