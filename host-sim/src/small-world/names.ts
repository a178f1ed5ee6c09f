// Texts whose names have changed places are one text: each name that an engine made up, such as that of a key, stands as
// the number of its first appearance. A text without its names is a shape, and has a number of its own.

/** A text taken apart. */
export interface Part {
  /** Number of the text in which names are numbers. */
  readonly shape: number;
  /** Its names in the order in which they appear, each once. */
  readonly names: readonly string[];
}

/** A part whose names are numbers that mean something to whoever holds it. */
export interface Place {
  readonly shape: number;
  readonly names: readonly number[];
}

/** Ids of what is asked for, and versions of objects: each cluster has its own, told apart by equality alone. */
const own = String.raw`\b(?:publish|scan|mint-r\d+|activate|drop|trial|values|proof)-\d+-\d+\b|\b(?:epoch|version|at|start):\d+\b`;
/** Hex digits of hashes, and of keys where they are drawn. */
const drawn = new RegExp(String.raw`(?<=\br\d+-)[0-9a-f]{8}\b|\b[0-9a-f]{16,128}\b|${own}`, 'g');
/** What both clusters of a pair derive is the same in every world, and hashes of it too: they stand as they are. */
const derived = new RegExp(own, 'g');

export class Shapes {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #name: RegExp;

  constructor(keys: 'drawn' | 'derived') {
    this.#name = keys === 'drawn' ? drawn : derived;
  }

  /** @param cluster whose ids and versions stand in the text */
  part(text: string, cluster: string): Part {
    const names = new Map<string, number>();
    const shape = text.replace(this.#name, (found) => {
      const name = /[-:]/.test(found) ? `${cluster}/${found}` : found;
      const known = names.get(name) ?? names.size;
      names.set(name, known);
      return `‹${known}›`;
    });
    return {shape: this.numberOf(shape), names: [...names.keys()]};
  }

  numberOf(shape: string): number {
    const known = this.#numbers.get(shape);
    if (known !== undefined) return known;
    this.#numbers.set(shape, this.#texts.length);
    this.#texts.push(shape);
    return this.#texts.length - 1;
  }

  textOf(shape: number): string {
    return this.#texts[shape] ?? '';
  }

  get size(): number {
    return this.#texts.length;
  }
}

/** Numbers names by their first appearance; the numbering goes on where it was. */
export class Numbering<Name> {
  readonly #numbers = new Map<Name, number>();

  numberOf(found: Name): number {
    const known = this.#numbers.get(found);
    if (known !== undefined) return known;
    const next = this.#numbers.size;
    this.#numbers.set(found, next);
    return next;
  }

  has(found: Name): boolean {
    return this.#numbers.has(found);
  }

  get names(): readonly Name[] {
    return [...this.#numbers.keys()];
  }
}

/** Parts or places with numbers of their own, in their order, and the text that they are known by. */
export function numbered<Name>(
  parts: readonly {readonly shape: number; readonly names: readonly Name[]}[],
  numbering: Numbering<Name>,
): {readonly places: readonly Place[]; readonly key: string} {
  const places = parts.map(({shape, names}) => ({shape, names: names.map((each) => numbering.numberOf(each))}));
  return {places, key: places.map(({shape, names}) => `${shape}:${names.join()}`).join(' ')};
}
