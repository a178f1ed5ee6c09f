// Counts over time as steps, in bounded memory: what differs too little from the step before is left out, and when
// there are too many steps all the same, more counts as too little.

export interface CountsStep {
  readonly atMs: number;
  readonly counts: readonly number[];
}

export interface StepsOptions {
  /** Most steps that are kept. */
  readonly most: number;
  /** A change up to this share of the total is left out at first; 0.01 = 1 %. */
  readonly share: number;
  /** As is one up to this many, whatever the total. */
  readonly least: number;
  /** Whether a count that becomes zero, or ceases to be, makes a step whatever its size. */
  readonly zeroes: boolean;
}

export interface Steps {
  /** @param counts by place; places may only be added, at the end */
  readonly record: (atMs: number, counts: readonly number[]) => void;
  readonly all: () => readonly CountsStep[];
  /** Share of the total up to which changes were left out in the end. */
  readonly share: () => number;
}

export function createSteps(options: StepsOptions): Steps {
  const {most} = options;
  let share = options.share;
  let steps: CountsStep[] = [];
  const differs = (before: CountsStep | undefined, counts: readonly number[]): boolean =>
    before === undefined || isTelling(before.counts, counts, {...options, share});
  /** Doubles what is left out; where even that spares nothing, every other step goes. */
  const thin = (): void => {
    share *= 2;
    const kept: CountsStep[] = [];
    for (const step of steps) if (differs(kept.at(-1), step.counts)) kept.push(step);
    steps = kept.length > most ? kept.filter((_, at) => at % 2 === 0) : kept;
  };
  return {
    record(atMs, counts) {
      const last = steps.at(-1);
      if (!differs(last, counts)) return;
      if (last?.atMs === atMs) steps.pop();
      const before = steps.at(-1);
      if (before !== undefined && isSame(before.counts, counts)) return;
      steps.push({atMs, counts: [...counts]});
      if (steps.length > most) thin();
    },
    all: () => steps,
    share: () => share,
  };
}

function isTelling(
  before: readonly number[],
  after: readonly number[],
  {least, share, zeroes}: Omit<StepsOptions, 'most'>,
): boolean {
  const total = after.reduce((sum, count) => sum + count, 0);
  const tolerated = Math.max(least, total * share);
  const places = Array.from({length: Math.max(before.length, after.length)}, (_, at) => at);
  return places.some((at) => {
    const [a, b] = [before[at] ?? 0, after[at] ?? 0];
    return Math.abs(a - b) > tolerated || (zeroes && (a === 0) !== (b === 0));
  });
}

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((count, at) => count === b[at]);
