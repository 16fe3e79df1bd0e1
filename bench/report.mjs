/** What a peer's gateway is asked. */
export const THROUGHPUT = 'gateway, requests per second';
/** No competitor: one span of each request, and nothing else, tells what the SDK itself costs. */
export const LEAST = 'one span';

/** One row of the table. */
function row(version, what, goal, figure, verdict, bare, ratio, noise) {
  return [version, what, goal, figure, verdict, bare, ratio, noise];
}

const HEAD = ['Node', 'what', 'goal', 'figure', 'verdict', 'bare', 'ratio', 'A/A noise'];

const fixed = (digits, unit) => (value) => `${value.toFixed(digits)} ${unit}`;
const ns = fixed(0, 'ns');
const us = (value) => fixed(1, 'µs')(value / 1000);
const ms = fixed(0, 'ms');
const msOf = fixed(1, 'ms');
const bytes = fixed(0, 'B');
const percent = (ratio) => `${(ratio * 100).toFixed(1)} %`;
const mebibytes = (bytes) => `${(bytes / 1048576).toFixed(1)} MiB`;
const times = (value) => `×${value.toFixed(value < 10 ? 3 : 0)}`;
const noiseOf = ({ noise, noiseRatio }, unit) => `±${unit(noise)}, ${times(noiseRatio)}`;

/** A figure above bare with its ratio and noise; without a limit it is told for information. */
function above(version, what, compared, unit, limit) {
  return row(
    version,
    what,
    limit === undefined ? '' : `≤ ${unit(limit)}`,
    `${compared.above < 0 ? '' : '+'}${unit(compared.above)}`,
    limit === undefined ? '' : judge(compared, limit),
    unit(compared.bare),
    times(compared.ratio),
    noiseOf(compared, unit),
  );
}

/** How many requests a second are lost, from the time that each of them takes. */
function throughput(version, what, { bare, ratio, noise, noiseRatio }, limit) {
  const lost = 1 - 1 / ratio;
  const doubt = noise / bare;
  const verdict = limit === undefined ? '' : judge({ above: lost, noise: doubt }, limit);
  return row(
    version,
    what,
    limit === undefined ? '' : `≤ ${percent(limit)} lost`,
    lost < 0 ? `${percent(-lost)} more` : `${percent(lost)} lost`,
    verdict,
    `${(1e9 / bare).toFixed(0)} /s`,
    times(ratio),
    `±${percent(doubt)}, ${times(noiseRatio)}`,
  );
}

/** A verdict only where the figure keeps to one side of its limit by more than two bare runs differ. */
function judge({ above: figure, noise }, limit) {
  if (figure + noise <= limit) return 'met';
  return figure - noise > limit ? 'MISSED' : 'in the noise';
}

/** The same of a figure that has a range. */
function judgeRange({ low, high }, limit) {
  if (high <= limit) return 'met';
  return low > limit ? 'MISSED' : 'in the noise';
}

const rows = {
  *chunks(version, { figures, clock, grownBytes }) {
    for (const [name, compared] of Object.entries(figures)) {
      yield above(version, `streamed chunk, ${name} (${compared.bytes} B)`, compared, ns, 110);
    }
    yield above(version, 'of which a look at the clock', clock, ns);
    const perChunk = grownBytes / 1e6;
    yield row(
      version,
      'heap kept of 1e6 chunks of one stream',
      'none',
      mebibytes(grownBytes),
      perChunk < 0.1 ? 'met' : 'MISSED',
      '',
      '',
      '',
    );
  },
  *stream(version, { cpu, wall }) {
    yield above(version, 'streamed chunk with fetch, whole process, CPU', cpu, ns, 110);
    yield above(version, 'streamed chunk with fetch, whole process, wall', wall, ns);
  },
  *scanner(version, { figures }) {
    for (const [name, { gigabytesPerSecond, noiseRatio, timesJsonParse }] of Object.entries(figures)) {
      const hasGoal = name.startsWith('one long string');
      yield row(
        version,
        `request scanner, ${name}`,
        hasGoal ? '≥ 1 GB/s' : '',
        `${gigabytesPerSecond.toFixed(2)} GB/s`,
        hasGoal ? (gigabytesPerSecond >= 1 ? 'met' : 'MISSED') : '',
        '',
        `${times(timesJsonParse)} JSON.parse`,
        times(noiseRatio),
      );
    }
  },
  *requests(version, { figures }) {
    for (const [name, compared] of Object.entries(figures))
      yield above(version, `other request, ${name}`, compared, ns, 1000);
  },
  *idle(version, { figures }) {
    for (const [name, compared] of Object.entries(figures))
      yield above(version, `nothing set up, ${name}`, compared, ns, 50);
  },
  *servers(version, results) {
    for (const [name, { cpu, wall }] of Object.entries(results)) {
      yield above(version, `request, ${name}, CPU`, cpu, us);
      yield throughput(version, `requests a second, ${name}`, wall, name.endsWith(', gaugeway') ? 0.03 : undefined);
    }
  },
  *monitor(version, { figures, allocatedBytes, memory, stalls }) {
    const goals = { observation: 60, 'trackOperation, async no-op': 400 };
    for (const [name, compared] of Object.entries(figures))
      yield above(version, `monitor, ${name}`, compared, ns, goals[name]);
    const bound = (what, goal, limit, figure, shown) =>
      row(version, `monitor, ${what}`, goal, shown, figure <= limit ? 'met' : 'MISSED', '', '', '');
    yield bound('allocated by an observation', 'none', 0.5, allocatedBytes, `${allocatedBytes.toFixed(1)} B`);
    const kibibytes = memory.perOperation / 1024;
    yield bound('held by an operation, all windows full', '≤ 64 KiB', 64, kibibytes, `${kibibytes.toFixed(1)} KiB`);
    const wide = `${(memory.widelySpread / 1024).toFixed(1)} KiB`;
    yield row(version, 'monitor, held by an operation of widely spread durations', '', wide, '', '', '', '');
    const growth = Math.max(memory.growth, stalls.growth);
    const recordings = ((memory.count + stalls.total) / 1e6).toFixed(0);
    yield bound(`growth over ${recordings}e6 recordings`, '≤ 0.5 MiB', 2 ** 19, growth, mebibytes(growth));
  },
  *startup(version, results) {
    for (const [name, { time, cpu, rss }] of Object.entries(results)) {
      yield above(version, `start-up, ${name}`, time, ms, 150);
      yield above(version, `start-up, ${name}, CPU`, cpu, ms);
      yield above(version, `start-up, ${name}, RSS`, rss, mebibytes);
    }
  },
  *storage(version, { rowsPerSecond, p99, longest }) {
    const figure = `${Math.round(rowsPerSecond)} rows/s`;
    yield row(
      version,
      'storage, on disk',
      '≥ 50000 rows/s',
      figure,
      rowsPerSecond >= 50_000 ? 'met' : 'MISSED',
      '',
      '',
      '',
    );
    yield above(version, 'storage, 50000 rows/s, longest turn of a hundred', p99, msOf);
    yield above(version, 'storage, 50000 rows/s, longest turn', longest, msOf, 5);
  },
  *jobs(version, results) {
    for (const [library, setups] of Object.entries(results)) {
      for (const [setup, { cpu, lost }] of Object.entries(setups)) {
        const [isOurs, what] = [setup.startsWith('gaugeway'), `${library}, no-op job, ${setup}`];
        yield ranged(version, `${what}, CPU`, cpu, us, isOurs ? 20_000 : undefined);
        yield row(version, `${what}, CPU of the quietest turns`, '', `+${us(cpu.least)}`, '', '', '', '');
        yield throughputLost(version, `${what}, throughput lost`, lost, isOurs);
      }
    }
  },
  *call(version, results) {
    for (const [name, { cost, bytesInFlight }] of Object.entries(results)) {
      for (const [what, compared, unit] of [
        [name, cost, us],
        [`${name}, memory in flight`, bytesInFlight, bytes],
      ]) {
        yield row(version, `${what}, everything`, '', unit(compared.bare + compared.above), '', '', '', '');
        yield above(version, `${what}, span above recorder and metrics`, compared, unit);
      }
    }
  },
  *peers(version, results) {
    for (const [library, { silent, figures }] of Object.entries(results)) {
      for (const [what, setups] of Object.entries(figures)) {
        const others = Object.entries(setups).filter(([setup]) => setup !== 'gaugeway' && setup !== LEAST);
        const [unit, limit] = peerGoals[what]?.(others.map(([, { above }]) => above)) ?? [us];
        for (const [setup, compared] of Object.entries(setups)) {
          const isOurs = setup === 'gaugeway';
          if (what === THROUGHPUT)
            yield throughputLost(version, `${library}, gateway, throughput lost: ${setup}`, compared, isOurs);
          else yield ranged(version, `${library}, ${what}: ${setup}`, compared, unit, isOurs ? limit : undefined);
        }
      }
      for (const setup of silent) yield row(version, `${library}: ${setup}`, '', 'records nothing', '', '', '', '');
    }
  },
};

/** The unit of a comparison, and our limit where there is one, given what the others cost. */
const peerGoals = {
  'call, in memory': (others) => [us, Math.min(...others) / 2],
  'call, over loopback': (others) => [us, Math.min(...others) / 2],
  'streamed chunk': () => [ns, 110],
};

/** A figure above bare with its range in several generations of processes; without a limit it is told for information. */
function ranged(version, what, compared, unit, limit) {
  const { bare, above: figure, low, high, ratio, noise } = compared;
  return row(
    version,
    what,
    limit === undefined ? '' : `≤ ${unit(limit)}`,
    `${figure < 0 ? '' : '+'}${unit(figure)} (${unit(low)} to ${unit(high)})`,
    limit === undefined ? '' : judgeRange(compared, limit),
    unit(bare),
    times(ratio),
    `±${unit(noise)}`,
  );
}

function throughputLost(version, what, compared, isOurs) {
  const { bare, above: lost, low, high, noise } = compared;
  return row(
    version,
    what,
    isOurs ? '≤ 3 %' : '',
    `${percent(lost)} (${percent(low)} to ${percent(high)})`,
    isOurs ? judgeRange(compared, 0.03) : '',
    `${Math.round(bare)} /s`,
    '',
    `±${percent(noise)}`,
  );
}

/** All figures as one Markdown table. */
export function table(results) {
  const lines = [HEAD];
  for (const [version, scenarios] of Object.entries(results)) {
    for (const [name, result] of Object.entries(scenarios)) {
      if (result.failed !== undefined)
        lines.push(row(version, name, '', 'failed', 'FAILED', result.failed.split('\n')[0], '', ''));
      else lines.push(...rows[name](version, result));
    }
  }
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  const text = lines.map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`);
  text.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return `${text.join('\n')}\n`;
}
