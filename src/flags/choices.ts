// Flags that take one of a list: the lists serve as type, validation, help and completion at once.

export const FORMATS = ['auto', 'pretty', 'ndjson'] as const;
export const COLOR_MODES = ['auto', 'always', 'never'] as const;
export const LOG_FORMATS = ['text', 'json'] as const;
export const TIME_MODES = ['local', 'utc', 'relative', 'none'] as const;
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
