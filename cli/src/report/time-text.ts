// Virtual times as people read them.

const secondMs = 1_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;

const two = (value: number): string => String(value).padStart(2, '0');

/** A moment of the run: `167:05:30`, hours first, with tenths where they are not zero. */
export function clockText(ms: number): string {
  const tenths = Math.floor(ms / 100);
  const seconds = Math.floor(tenths / 10);
  const text = `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return tenths % 10 === 0 ? text : `${text}.${tenths % 10}`;
}

/** A stretch of time in at most two units: `7 d 2 h`, `1 h 56 min`, `45 s`. */
export function durationText(ms: number): string {
  const units = [
    [24 * hourMs, 'd'],
    [hourMs, 'h'],
    [minuteMs, 'min'],
    [secondMs, 's'],
  ] as const;
  const at = units.findIndex(([size]) => ms >= size);
  const [first, second] = [units[at], units[at + 1]];
  if (first === undefined) return `${ms} ms`;
  const whole = Math.floor(ms / first[0]);
  const rest = second === undefined ? 0 : Math.floor((ms - whole * first[0]) / second[0]);
  return rest === 0 || second === undefined ? `${whole} ${first[1]}` : `${whole} ${first[1]} ${rest} ${second[1]}`;
}

/** As short as it gets, for a narrow place: `166h`, `1h56`, `12m`. */
export function shortDuration(ms: number): string {
  const minutes = Math.round(ms / minuteMs);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours >= 10 || minutes % 60 === 0 ? `${Math.round(minutes / 60)}h` : `${hours}h${two(minutes % 60)}`;
}
