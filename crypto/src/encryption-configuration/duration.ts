// Durations as Go's time.ParseDuration reads them, such as `3s` or `1m0.5s`.

// Go adds fractions in floating point. What is a microsecond within its limit, or one nanosecond after rounding, is
// refused here, so that nothing is accepted that Go might not.
const largest = 2n ** 63n - 1_000_000n;
const rounding = 1n;
const unitNanoseconds: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const parts = /([0-9]{0,40})(?:\.([0-9]{0,40}))?([a-z\u00b5\u03bc]{1,2})/y;

/**
 * Nanoseconds of a duration, a fraction of a unit rounded down by up to two of them. `undefined` if Go refuses it, if
 * it does not fit into 64 bits, or if it has more than 40 digits in a row.
 */
export function durationNanoseconds(text: string): bigint | undefined {
  const negative = text.startsWith('-');
  const rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0n;
  if (rest === '') return undefined;
  let total = 0n;
  for (let at = 0; at < rest.length; ) {
    parts.lastIndex = at;
    const [whole, integer = '', fraction = '', unit = ''] = parts.exec(rest) ?? [];
    const scale = unitNanoseconds.get(unit);
    if (whole === undefined || scale === undefined || (integer === '' && fraction === '')) return undefined;
    const part = (BigInt(fraction || '0') * scale) / 10n ** BigInt(fraction.length);
    total += BigInt(integer || '0') * scale + (part > rounding ? part - rounding : 0n);
    if (total > largest) return undefined;
    at += whole.length;
  }
  return negative ? -total : total;
}
