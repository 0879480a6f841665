// Colors that can be read on any background.
import { describe, expect, test } from '@jest/globals';
import { pickPaint } from '../../src/render/pretty/cells.ts';
import { CHAIN_COLORS, createColorLogStyle, createColorStyle } from '../../src/render/style.ts';
import { CHAINS, KNOWN_EVENT_TYPES } from '../../src/simulator/events.ts';

/** The RGB values of a color in xterm's color cube. */
function readRgb(color: number): number[] {
  const cube = color - 16;
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) =>
    step === 0 ? 0 : 55 + 40 * step,
  );
}

/** WCAG 2.2, relative luminance. */
function luminance(rgb: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const contrast = (one: readonly number[], other: readonly number[]): number => {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
};

const DARK_BACKGROUNDS = { black: [0, 0, 0], 'dark gray': [30, 30, 30], 'Solarized Dark': [0, 43, 54] };
const LIGHT_BACKGROUNDS = { white: [255, 255, 255], 'Solarized Light': [253, 246, 227] };

describe('the colors of chains', () => {
  test.each([
    ['auto', 3, { ...DARK_BACKGROUNDS, ...LIGHT_BACKGROUNDS }],
    ['dark', 4.5, DARK_BACKGROUNDS],
    ['light', 4.5, LIGHT_BACKGROUNDS],
  ] as const)('--theme %s has a contrast of at least %d on its backgrounds', (theme, least, backgrounds) => {
    for (const [name, background] of Object.entries(backgrounds))
      for (const color of CHAIN_COLORS[theme])
        expect([name, color, contrast(readRgb(color), background) >= least]).toEqual([name, color, true]);
  });

  test('--theme terminal uses the colors of the terminal', () => {
    for (const { open } of createColorStyle('terminal').chains) expect(open).toMatch(/^\x1b\[3\dm$/);
  });

  test.each(['auto', 'dark', 'light'] as const)(
    '--theme %s gives every chain and type of the simulator its own color',
    (theme) => {
      const { chains, types } = createColorStyle(theme);
      const opened = CHAINS.map(({ name }) => pickPaint(chains, name).open);
      expect(new Set(opened).size).toBe(CHAINS.length);
      expect(new Set(KNOWN_EVENT_TYPES.map((type) => pickPaint(types, type).open)).size).toBe(
        KNOWN_EVENT_TYPES.length,
      );
    },
  );
});

test('nothing is bright black, which is invisible in Solarized Dark', () => {
  const themes = ['auto', 'dark', 'light', 'terminal'] as const;
  const styles = [...themes.map(createColorStyle), createColorLogStyle()];
  expect(JSON.stringify(styles)).not.toMatch(/\[(?:90|1;30|38;5;8)m/);
});
