// A horizontal bar chart as SVG, readable on light and dark pages: no background, mid-range colors. (A media
// query would follow the system's theme, not the theme of the page that shows the image.)

const WIDTH = 760;
const BAR = 20;
const STEP = 32;
const LABEL = 190;
const TOP = 54;

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #767d86 }
.title { font-weight: 600; font-size: 15px }
.small { font-size: 12px }
.bar { fill: #8c959f }
.own { fill: #2f81f7 }`;

const escapeXml = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** 1234567 as `1.23 M`, 123456 as `123 k`. */
const shorten = (value) =>
  value >= 1e6
    ? `${(value / 1e6).toFixed(2)} M`
    : value >= 1e4
      ? `${Math.round(value / 1e3)} k`
      : `${(value / 1e3).toFixed(1)} k`;

/**
 * @param bars `{name, value}`; the first is ours
 * @returns {string} an SVG document
 */
export function drawBars(title, subtitle, bars) {
  const largest = Math.max(...bars.map(({ value }) => value));
  const room = WIDTH - LABEL - 90;
  const ordered = [...bars].sort((a, b) => b.value - a.value);
  const height = TOP + ordered.length * STEP + 4;
  const drawn = ordered.map((bar, index) => {
    const y = TOP + index * STEP;
    const width = Math.max(2, (bar.value / largest) * room);
    const middle = y + BAR / 2 + 5;
    return [
      `<text x="${LABEL - 10}" y="${middle}" text-anchor="end">${escapeXml(bar.name)}</text>`,
      `<rect class="bar${bar === bars[0] ? ' own' : ''}" x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3"/>`,
      `<text x="${(LABEL + width + 8).toFixed(1)}" y="${middle}">${shorten(bar.value)}</text>`,
    ].join('\n');
  });
  const described = ordered.map(({ name, value }) => `${name} ${shorten(value)}`).join(', ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(`${title}: ${described}`)}">
<style>${STYLE}
</style>
<text class="title" x="0" y="18">${escapeXml(title)}</text>
<text class="small" x="0" y="37">${escapeXml(subtitle)}</text>
${drawn.join('\n')}
</svg>
`;
}
