// Messages of the config commands.
import type { ErrorText } from '../../errors.ts';
import { sayInvalid } from '../../flags/messages.ts';
import { KEY_IN_HISTORY, withNearest } from '../../io/messages.ts';
import { NAME_RULE } from '../../profiles/messages.ts';

export const sayKeyAsSetting = (): ErrorText => ['a key was given instead of a setting', KEY_IN_HISTORY];

export const sayKeyAsValue = (): ErrorText => ['a key was given as the value of a setting', KEY_IN_HISTORY];

export const sayUnknownSetting = (
  name: string,
  known: readonly string[],
  presetPrefix: string,
): ErrorText => [
  `unknown setting "${name.slice(0, 64)}"`,
  withNearest(`settings: ${known.join(', ')}, ${presetPrefix}<name>`, name.replace(/^-+/, ''), known),
];

export const sayInvalidPresetName = (prefix: string): ErrorText =>
  sayInvalid('preset name', undefined, `${prefix}<name>, with a name of ${NAME_RULE}`);

export const sayNotSet = (name: string, presets: readonly string[]): ErrorText => [
  `${name} is not set`,
  withNearest('see `atlantis config list`', name, presets),
];

export const saySet = (name: string, value: string): string => `${name} is now ${value}`;

export const sayUnset = (name: string): string => `${name} is no longer set`;
