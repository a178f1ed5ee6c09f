// Unix milliseconds as RFC 3339 text, without the runtime's clock object.

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** Days since 1970-01-01 as year, month, day (proleptic Gregorian; Howard Hinnant's civil-from-days algorithm). */
function civil(days: number): {year: number; month: number; day: number} {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}

/** `2025-05-27T05:47:01Z`, or with milliseconds. */
export function formatTime(ms: number, milliseconds = false): string {
  const whole = Math.floor(ms);
  const days = Math.floor(whole / 86_400_000);
  const rest = whole - days * 86_400_000;
  const {year, month, day} = civil(days);
  const hours = pad(Math.floor(rest / 3_600_000), 2);
  const minutes = pad(Math.floor(rest / 60_000) % 60, 2);
  const seconds = pad(Math.floor(rest / 1_000) % 60, 2);
  const fraction = milliseconds ? `.${pad(rest % 1_000, 3)}` : '';
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${hours}:${minutes}:${seconds}${fraction}Z`;
}
