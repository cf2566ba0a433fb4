/** Moments in listings. All are seconds since 1970; undefined is "never". */

/** By what moments are shown and judged. */
export interface Clock {
  readonly now: number;
  /** As of Greenwich; else as of this machine's place. */
  readonly utc: boolean;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY = 86_400;
/** A key that ends sooner is worth a warning. */
export const EXPIRY_WARNING = 14 * DAY;

/** `Nov 14 22:13:20 UTC 2023`, without `UTC` in local time; dashes for never. */
export function instant(seconds: number | undefined, { utc }: Clock): string {
  const zone = utc ? ' UTC' : '';
  if (seconds === undefined) return `--- -- --:--:--${zone} ----`;
  const date = new Date(seconds * 1000);
  const [month, day, hours, minutes, second, year] = utc
    ? [
        date.getUTCMonth(),
        date.getUTCDate(),
        date.getUTCHours(),
        date.getUTCMinutes(),
        date.getUTCSeconds(),
        date.getUTCFullYear(),
      ]
    : [date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds(), date.getFullYear()];
  const two = (n: number) => `${n}`.padStart(2, '0');
  return `${MONTHS[month]} ${two(day)} ${two(hours)}:${two(minutes)}:${two(second)}${zone} ${`${year}`.padStart(4, '0')}`;
}

/** `ok`, `ok (expires never)`, `warning (expires in 3 days)`, `fatal (expired)`. */
export function expiry(until: number | undefined, { now }: Pick<Clock, 'now'>): string {
  if (until === undefined) return 'ok (expires never)';
  const left = until - now;
  if (left < 0) return 'fatal (expired)';
  if (left >= EXPIRY_WARNING) return 'ok';
  const [size, unit] = left >= 2 * DAY ? [DAY, 'days'] : left >= 7200 ? [3600, 'hours'] : [60, 'minutes'];
  return `warning (expires in ${Math.floor(left / size)} ${unit})`;
}
