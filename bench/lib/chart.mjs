// chart.svg, made of results.json and nothing else: how much of the bare framework is left on the session route.
import { title } from './goals.mjs';

const SIZE = '1000';
const WIDTH = 760;
const LEFT = 250;
const RIGHT = 60;
const LINE = 26;
const BAR = 16;

export function chart({ session, date, machine }) {
  const scale = WIDTH - LEFT - RIGHT;
  const parts = [];
  let y = 62;
  for (const on of ['fastify', 'express']) {
    parts.push(text(20, y, title(on), 'group'));
    y += 12;
    const rows = session
      .filter((row) => row.on === on && row.loads?.[SIZE])
      .sort((a, b) => b.loads[SIZE].ratio - a.loads[SIZE].ratio);
    for (const { label, ours, loads } of rows) {
      const { ratio, starts = [ratio] } = loads[SIZE];
      const [width, least, most] = [ratio, Math.min(...starts), Math.max(...starts)].map((share) =>
        Math.max(2, Math.round(Math.min(1, share) * scale)),
      );
      parts.push(
        text(LEFT - 10, y + 13, label, ours ? 'name ours' : 'name'),
        `<rect class="${ours ? 'bar ours' : 'bar'}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="3"/>`,
        ...(most > least
          ? [`<path class="range" d="M${LEFT + least} ${y + BAR / 2}H${LEFT + most}"/>`]
          : []),
        text(LEFT + most + 8, y + 13, ratio.toFixed(2), 'value'),
      );
      y += LINE;
    }
    y += 26;
  }
  const height = y + 20;
  const heading = 'What is left of the bare framework: a signed-in request';
  const starts = Math.max(...session.map(({ loads }) => loads?.[SIZE]?.starts?.length ?? 1));
  const foot = [
    '1,000 sessions in turn, requests per second of CPU; 1.00: no sessions at all.',
    `${starts > 1 ? `Median and range of ${starts} starts` : 'One start'}, ${date}, ${machine.cpu}, Node ${machine.node.slice(1)}`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
<title id="title">${escape(heading)}</title>
<style>
text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328 }
.heading { font-size: 16px; font-weight: 600 } .group { font-weight: 600 } .name { text-anchor: end }
.name.ours { font-weight: 600 } .value { font-variant-numeric: tabular-nums } .foot { font-size: 11px; fill: #59636e }
.back { fill: #ffffff } .bar { fill: #afb8c1 } .bar.ours { fill: #c2410c } .range { stroke: #1f2328; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .foot { fill: #9198a1 } .back { fill: #0d1117 } .bar { fill: #59636e } .bar.ours { fill: #fb923c } .range { stroke: #e6edf3 }
}
</style>
<rect class="back" width="${WIDTH}" height="${height}" rx="6"/>
${text(20, 30, heading, 'heading')}
${parts.join('\n')}
${foot.map((line, index) => text(20, y - 10 + 15 * index, line, 'foot')).join('\n')}
</svg>
`;
}

const text = (x, y, content, kind) =>
  `<text class="${kind}" x="${x}" y="${y}">${escape(content)}</text>`;
const escape = (content) =>
  content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
