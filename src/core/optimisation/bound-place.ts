/** Where a weight stands between its bounds; the sign says which way its gradient must not lead. */
export const freePlace = 0;
export const lowerPlace = -1;
export const upperPlace = 1;
