/** Bad input by the person at the keyboard: one sentence that names the place and what was expected; exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
