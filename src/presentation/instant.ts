/** An ISO instant as `2024-11-29 21:45`, in UTC; a dash where there is none. */
export function minute(iso: string | null): string {
  return iso === null ? '–' : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}
