// The results as Markdown.
import { describeGoal, GOALS, judge } from '../goals.mjs';
import { ratio } from './format.mjs';

const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

function describeFigure({ goal, median, min, max, runs }) {
  const { unit } = GOALS[goal];
  const text = `${ratio(median)} ${unit}`;
  return runs > 1 ? `${text} (${ratio(min)} to ${ratio(max)}, ${runs} runs)` : text;
}

/** Goals against figures, for results.md and for the terminal. */
function tabulateGoals(measures) {
  const figures = measures.flatMap(({ checks }) => checks);
  const rows = Object.keys(GOALS).map((goal) => {
    const figure = figures.find((one) => one.goal === goal);
    const [id] = goal.split(' ');
    return figure === undefined
      ? [id, describeGoal(goal), '', 'not measured']
      : [id, describeGoal(goal), describeFigure(figure), judge(goal, figure.median)];
  });
  return table(['id', 'goal', 'measured', ''], rows);
}

/** The whole of results.md. */
export function writeReport({ measures, machine, plan, profiles }) {
  const skipped = measures.flatMap((one) => one.skipped.map((what) => `- ${one.id} ${what}`));
  const parts = [
    '# Results',
    'Written by `npm run bench`; how it measures stands in [NOTES.md](NOTES.md). Medians, and in brackets the ' +
      'smallest and the largest. A ratio is the median over runs side by side.',
    [...machine, `${plan.name} run of ${new Date().toISOString().slice(0, 10)}`]
      .map((line) => `- ${line}`)
      .join('\n'),
    '![Events per second](results.svg)',
    '## Goals',
    tabulateGoals(measures),
    ...(skipped.length === 0 ? [] : ['## Skipped', skipped.join('\n')]),
  ];
  for (const { id, title, head, rows, notes } of measures) {
    parts.push(`## ${id}: ${title}`);
    if (rows.length > 0) parts.push(table(head, rows));
    if (notes.length > 0) parts.push(notes.join(' '));
  }
  for (const { title, text } of profiles) parts.push(`## ${title}`, text);
  return `${parts.join('\n\n')}\n`;
}
