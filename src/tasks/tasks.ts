import type { TaskName } from '../core/schedule/slot.ts';
import { confirm } from './confirm.ts';
import { deliver } from './deliver.ts';
import { ingest } from './ingest/ingest.ts';
import { rebalance } from './rebalance.ts';
import { retrain } from './retrain.ts';
import { revalue } from './revalue.ts';
import type { Task } from './task.ts';

/** What is done for a slot of each task. */
export const tasks: Readonly<Record<TaskName, Task>> = {
  ingest,
  confirm,
  retrain,
  revalue,
  rebalance,
  deliver,
};
