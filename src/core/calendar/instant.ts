/** Epoch milliseconds as ISO text in UTC, `2024-11-29T21:45:00.000Z`: how an instant leaves for rows, readers and logs. */
export const isoInstant = (epochMs: number): string => new Date(epochMs).toISOString();
