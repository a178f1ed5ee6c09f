// Lengths of time in words, two units at most.

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** `6d 23h`, `5m`, `12s`; negative lengths are zero. */
export function inWords(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1_000) * 1_000);
  const first = units.findIndex(([, length]) => whole >= length);
  if (first < 0) return '0s';
  let rest = whole;
  const parts = units.slice(first, first + 2).map(([name, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count === 0 ? '' : `${count}${name}`;
  });
  return parts.filter((part) => part !== '').join(' ');
}

/** Unix ms of an RFC 3339 text. */
export function timeOf(text: unknown): number | undefined {
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** Time since the start of a run: `200:00:31.5`, hours, minutes, seconds and tenths. */
export function clockTime(ms: number): string {
  const tenths = Math.floor(ms / 100);
  const seconds = Math.floor(tenths / 10);
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${tenths % 10}`;
}
