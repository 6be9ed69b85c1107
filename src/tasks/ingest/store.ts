import { confirmBars, recordFetchOutcomes, saveBars } from '../../adapters/postgres/bar-rows.ts';
import { resolveQuarantine, saveFindings } from '../../adapters/postgres/finding-rows.ts';
import { saveRawAnswers } from '../../adapters/postgres/raw-answer-rows.ts';
import { minuteMs } from '../../core/calendar/milliseconds.ts';
import type { ReadingContext, SymbolReading } from './reading.ts';

/** Stores what was read of some symbols, findings and answers with it, in one transaction. */
export async function storeReadings(
  context: ReadingContext,
  readings: readonly SymbolReading[],
): Promise<void> {
  const { database, portfolio, now, newest, log } = context;
  const { sourceName, source, belief } = portfolio;
  const read = readings.filter(({ failure }) => failure === null);
  const bars = read.flatMap((reading) => reading.bars);
  const findings = read.flatMap((reading) => reading.findings);
  await database.transaction(async (sql) => {
    const equalBefore = now - belief.confirmMinutes * minuteMs;
    const differing = [...bars, ...findings.flatMap(({ bar }) => bar ?? [])];
    await confirmBars(sql, sourceName, read, differing, equalBefore, now);
    const restated = read.flatMap((reading) => reading.restated);
    await saveBars(sql, sourceName, source.basis, { bars, restated }, now);
    // First the ends, so that a bar that is doubted for another reason now has a row of its own.
    for (const resolution of ['confirmed', 'accepted', 'withdrawn'] as const) {
      const ended = read.flatMap(({ symbol, resolved }) =>
        resolved.filter((one) => one.resolution === resolution).map(({ session }) => ({ symbol, session })),
      );
      await resolveQuarantine(sql, sourceName, ended, resolution, now);
    }
    await saveFindings(sql, sourceName, findings, now);
    await saveRawAnswers(
      sql,
      sourceName,
      read.flatMap(({ symbol, raw }) => (raw === null ? [] : [{ symbol, raw }])),
      now,
    );
    await recordFetchOutcomes(
      sql,
      sourceName,
      now,
      readings.map(({ symbol, failure, restated: old, isWhole, revision }) => ({
        symbol,
        failure: failure && { kind: failure.kind, message: failure.message },
        restated: old.length,
        readTo: failure ? null : newest,
        comparedOn: isWhole ? newest : null,
        revision,
      })),
    );
  });
  for (const { finding } of findings) log.warn(finding, 'doubtful bar');
}
