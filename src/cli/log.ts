import { type Logger, pino } from 'pino';

/** JSON lines on standard error, so that standard output stays a command's own. LOG_LEVEL overrides the level. */
export function openLog(level: string): Logger {
  const wanted = process.env.LOG_LEVEL || level;
  const known = wanted === 'silent' || wanted in pino.levels.values;
  const destination = pino.destination({ dest: 2, sync: true });
  destination.on('error', () => {}); // a terminal that has gone must not end the process in the middle of its clean-up
  return pino(
    {
      level: known ? wanted : level,
      base: { service: 'rebalanced' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
}
