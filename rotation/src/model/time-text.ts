// Unix milliseconds as RFC 3339 text and back, without the runtime's clock object.

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

/** Days since 1970-01-01 of a date (the inverse of the above). */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Reads an RFC 3339 time (§5.6), parts of a second cut to milliseconds; `undefined` for any other text. Unix ms. */
export function parseTime(text: string): number | undefined {
  const found = rfc3339.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  const [zoneHour, zoneMinute] = [Number(found[9] ?? 0), Number(found[10] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined;
  const days = daysOf(year, month, day);
  const date = civil(days);
  // A date that is none, such as the 30th of February, comes back as another one.
  if (date.year !== year || date.month !== month || date.day !== day) return undefined;
  const zone = (found[8] === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute);
  const fractionMs = Math.floor(Number(`0${found[7] ?? ''}`) * 1_000);
  return days * 86_400_000 + ((hour * 60 + minute - zone) * 60 + second) * 1_000 + fractionMs;
}
