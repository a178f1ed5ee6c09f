// One line of a preflight: what stands in the way, what to think about, what could not be looked at, what is fine.

export type Level = 'red' | 'warning' | 'not seen' | 'fine';

export interface PreflightFinding {
  readonly level: Level;
  /** What it is about: `api`, `node-1`, `etcd`. */
  readonly about: string;
  readonly message: string;
}

const levels: readonly Level[] = ['red', 'warning', 'not seen', 'fine'];

/** Collects lines about one thing. */
export interface Findings {
  readonly list: PreflightFinding[];
  readonly red: (about: string, message: string) => void;
  readonly warn: (about: string, message: string) => void;
  readonly unseen: (about: string, message: string) => void;
  readonly fine: (about: string, message: string) => void;
}

export function collectFindings(): Findings {
  const list: PreflightFinding[] = [];
  const add =
    (level: Level) =>
    (about: string, message: string): void => {
      list.push({level, about, message});
    };
  return {list, red: add('red'), warn: add('warning'), unseen: add('not seen'), fine: add('fine')};
}

/** Red lines first; within a level in the order in which they were found. */
export const sortFindings = (list: readonly PreflightFinding[]): readonly PreflightFinding[] =>
  levels.flatMap((level) => list.filter((finding) => finding.level === level));
