/** What models can forecast. */
export const headNames = ['mean-return'] as const;
export type HeadName = (typeof headNames)[number];
