import type { Artefact } from '../core/forecast/artefact.ts';
import type { TrainingRequest } from '../core/forecast/training-request.ts';
import type { Runtime } from './runtime.ts';

/** What this process computes with, as plain data. */
export type BackendInfo = Pick<Runtime, 'backend' | 'backendVersion' | 'fused' | 'note'>;

/** From the daemon to a training process. */
export type TrainRequest = { type: 'train'; job: number; request: TrainingRequest };

/** From a training process to the daemon. */
export type TrainEvent =
  | { type: 'ready'; info: BackendInfo }
  | { type: 'heartbeat'; job: number; epoch: number; residentMiB: number }
  | { type: 'artefact'; job: number; artefact: Artefact }
  | { type: 'error'; job: number | null; message: string };
