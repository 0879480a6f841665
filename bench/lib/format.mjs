// Number formatting.

/** 1234567 as `1,234,567`. */
export const whole = (value) => Math.round(value).toLocaleString('en-US');

/** A ratio with at least two significant digits. */
export const ratio = (value) =>
  value >= 20 ? value.toFixed(0) : value >= 2 ? value.toFixed(1) : value.toFixed(2);

export const mebibytes = (kibibytes) =>
  kibibytes === undefined ? 'not measured' : `${(kibibytes / 1024).toFixed(1)} MiB`;

/** `median (min to max)`; `format` formats each number. */
export const spread = ({ median, min, max }, format) =>
  min === max ? format(median) : `${format(median)} (${format(min)} to ${format(max)})`;

/** A ratio of runs as `1.25 (1.20 to 1.31) ×`. */
export const times = (compared) => `${spread(compared, (value) => value.toFixed(2))} ×`;
