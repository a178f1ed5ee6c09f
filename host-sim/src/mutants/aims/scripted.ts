// Mutants that no rehearsal can show, each with what a rehearsal would have to say for it and cannot. They are hunted in
// worlds with scripts of their own.

/** Reasons, by the mutant's name. */
export const scriptedMutants: Readonly<Record<string, string>> = {
  'the lease is the only fence':
    'Two controllers lead at once, one of which stood still: a rehearsal has one a cluster.',
  'counter resets with the server':
    'The bound on encryptions is 2³¹, and no budget of a rehearsal is small enough to be reached in one.',
  'wall clock only':
    'A node that lives is forgotten on an operator’s word; in a rehearsal that word is the truth about who counts.',
  'empty member list = converged': 'Lists of reports come back empty while the ring is read: no fault of a rehearsal.',
  'a new node gets the current key only': 'A node joins: those of a rehearsal are all there from the beginning.',
};
