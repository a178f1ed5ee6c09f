// Order that does not hang on the order in which things were read.

/** A copy in the order of a text; what a plan says must not hang on the order in which things were read. */
export const sortedBy = <T>(list: readonly T[], textOf: (each: T) => string): readonly T[] =>
  [...list].sort((a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0));
