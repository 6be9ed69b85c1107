// What is decided, held, due and wrong: the command reads what the rows alone say, the daemon's page adds its calendar.
export { readStatus } from '../../adapters/postgres/views/status.ts';
export type { StatusSnapshot } from '../../views/status.ts';
