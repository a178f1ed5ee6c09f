// A look for each key: eight colours that colour-blind people can tell apart (Paul Tol's "light" scheme, under which
// dark text is legible), then the same with a hatching. Names stand beside them wherever there is room.

import {clearName} from './words.ts';

export const keyColours = ['#77aadd', '#ee8866', '#44bb99', '#ffaabb', '#bbcc33', '#99ddff', '#eedd88', '#aaaa00'];
/** Outlines on a light ground. */
export const keyOutlines = ['#2f6fa8', '#b5512d', '#1f7a61', '#b2506a', '#5f6b0c', '#1f7ca6', '#8a7420', '#5c5c00'];

export interface KeyStyle {
  /** Class of its fill. */
  readonly fill: string;
  /** Id of a pattern laid over it. */
  readonly pattern?: 'hatch' | 'dots' | 'cross';
}

const patterns = [undefined, 'hatch', 'cross'] as const;
const ourKey = /^r(\d+)-/;

/** @param keys every key of a recording, in their order */
export function createKeyStyles(keys: readonly string[]): (key: string) => KeyStyle {
  const ours = keys.filter((key) => ourKey.test(key));
  return (key) => {
    if (key === clearName) return {fill: 'k-clear'};
    if (!ourKey.test(key)) return {fill: 'k-adopted', pattern: 'dots'};
    // By revision, so that a key looks the same in every recording; two of one revision are told apart by a hatching.
    const revision = Number(ourKey.exec(key)?.[1] ?? 0);
    const twins = ours.filter((other) => other.startsWith(`r${revision}-`));
    const cycle = Math.floor((revision - 1) / keyColours.length) + Math.max(0, twins.indexOf(key));
    const pattern = patterns[cycle % patterns.length];
    const fill = `k${(revision - 1) % keyColours.length}`;
    return pattern === undefined ? {fill} : {fill, pattern};
  };
}
