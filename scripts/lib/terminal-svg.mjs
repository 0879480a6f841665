// Draws a screen, text with escape sequences (SGR), as SVG in the colors of a terminal's theme.
import stringWidth from 'string-width';

const FONT_SIZE = 14;
const CHARACTER_WIDTH = 8.43;
const LINE_HEIGHT = 19;
const PADDING = 12;

const SOLARIZED =
  '#073642 #dc322f #859900 #b58900 #268bd2 #d33682 #2aa198 #eee8d5 #002b36 #cb4b16 #586e75 #657b83 #839496 #6c71c4 #93a1a1 #fdf6e3';

/** Background, text, and the sixteen colors. */
export const PALETTES = {
  dark: {
    background: '#1e1e1e',
    text: '#d4d4d4',
    colors:
      '#000000 #cd3131 #0dbc79 #e5e510 #2472c8 #bc3fbc #11a8cd #e5e5e5 #666666 #f14c4c #23d18b #f5f543 #3b8eea #d670d6 #29b8db #e5e5e5',
  },
  light: {
    background: '#ffffff',
    text: '#333333',
    colors:
      '#000000 #cd3131 #107c10 #949800 #0451a5 #bc05bc #0598bc #555555 #666666 #cd3131 #14ce14 #b5ba00 #0451a5 #bc05bc #0598bc #a5a5a5',
  },
  'solarized-dark': { background: '#002b36', text: '#839496', colors: SOLARIZED },
  'solarized-light': { background: '#fdf6e3', text: '#657b83', colors: SOLARIZED },
};

function readColor(palette, code) {
  if (code < 16) return palette.colors.split(' ')[code];
  if (code >= 232) return `rgb(${Array(3).fill(8 + 10 * (code - 232))})`;
  const level = (value) => (value === 0 ? 0 : 55 + 40 * value);
  const cube = code - 16;
  return `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level)})`;
}

function applySgr(style, codes) {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0)
      Object.assign(style, { bold: false, dim: false, italic: false, inverse: false, color: undefined });
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 7) style.inverse = true;
    else if (code === 22) Object.assign(style, { bold: false, dim: false });
    else if (code === 23) style.italic = false;
    else if (code === 27) style.inverse = false;
    else if (code >= 30 && code <= 37) style.color = code - 30;
    else if (code >= 90 && code <= 97) style.color = code - 82;
    else if (code === 39) style.color = undefined;
    else if (code === 38 && codes[i + 1] === 5) {
      style.color = codes[i + 2];
      i += 2;
    }
  }
}

const escapeXml = (text) =>
  text.replace(/[&<>]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[one]);

/** Splits a line into runs of text with the same style. */
function* readRuns(line, style) {
  let column = 0;
  for (const [, sgr, text] of line.matchAll(/\x1b\[([\d;]*)m|([^\x1b]+)|\x1b\][^\x1b]*\x1b\\|\x1b./g)) {
    if (sgr !== undefined) applySgr(style, sgr === '' ? [0] : sgr.split(';').map(Number));
    if (text === undefined) continue;
    const width = stringWidth(text);
    yield { column, width, text, style: { ...style } };
    column += width;
  }
}

export function drawSvg(title, screen, columns, palette) {
  const lines = screen.replace(/\n+$/, '').split('\n');
  const width = columns * CHARACTER_WIDTH + 2 * PADDING;
  const height = lines.length * LINE_HEIGHT + 2 * PADDING;
  const body = [];
  const style = {};
  for (const [row, line] of lines.entries()) {
    for (const { column, width: own, text, style: look } of readRuns(line, style)) {
      const x = PADDING + column * CHARACTER_WIDTH;
      const top = PADDING + row * LINE_HEIGHT;
      const color = look.color === undefined ? palette.text : readColor(palette, look.color);
      const [fill, back] = look.inverse ? [palette.background, color] : [color, undefined];
      const length = (own * CHARACTER_WIDTH).toFixed(2);
      if (back !== undefined)
        body.push(
          `<rect x="${x.toFixed(2)}" y="${top}" width="${length}" height="${LINE_HEIGHT}" fill="${back}"/>`,
        );
      if (text.trim() === '') continue;
      const looks = [
        look.bold ? ' font-weight="bold"' : '',
        look.italic ? ' font-style="italic"' : '',
        look.dim ? ' fill-opacity="0.6"' : '',
      ].join('');
      body.push(
        `<text x="${x.toFixed(2)}" y="${top + FONT_SIZE}" textLength="${length}" fill="${fill}"${looks}>${escapeXml(text)}</text>`,
      );
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width.toFixed(0)}" height="${height}" viewBox="0 0 ${width.toFixed(0)} ${height}">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" rx="6" fill="${palette.background}"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${FONT_SIZE}" xml:space="preserve">
${body.join('\n')}
</g>
</svg>
`;
}
