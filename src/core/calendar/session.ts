import { dayMs } from './milliseconds.ts';

/** An exchange trading day as an ISO date, `YYYY-MM-DD`. ISO dates order as strings, so sessions compare with `<`. */
export type Session = string;

const pattern = /^\d{4}-\d{2}-\d{2}$/;

/** True for a real calendar date written `YYYY-MM-DD` (2023-02-29 is not one). */
export function isIsoDate(text: string): boolean {
  if (!pattern.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

/** The date `days` calendar days after `date` (before it when negative). */
export function addDays(date: Session, days: number): Session {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);
}
