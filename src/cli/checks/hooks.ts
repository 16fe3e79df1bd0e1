import { spawn } from 'node:child_process';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { HookProbe } from '../hook-probe.ts';
import { failure, ok, type Verdict, warning } from '../verdict.ts';

const REGISTER = fileURLToPath(import.meta.resolve('../../register.js'));
const PROBE = import.meta.resolve('../hook-probe.js');

/** Longest time for loading all libraries. */
const TIMEOUT_MS = 30_000;

/** Loads the libraries that are installed here as an application would, and tells which are measured. */
export async function checkHooks(environment: NodeJS.ProcessEnv): Promise<Verdict[]> {
  const probe = await runProbe(environment);
  if (typeof probe === 'string') {
    return [
      failure('hooks', `cannot be tried: ${probe}`, 'start Node with --import gaugeway/register by hand and look'),
    ];
  }
  const states = new Map(probe.hooks.map(([name, state]) => [name, stateOf(state)]));
  const verdicts = [
    states.get('wire') === 'active'
      ? ok('model calls', 'fetch, undici and node:http are watched')
      : failure(
          'model calls',
          'the wire is not watched',
          'see GAUGEWAY_DISABLED_INSTRUMENTATIONS and OTEL_SDK_DISABLED',
        ),
  ];
  for (const { name, version, error } of probe.libraries) {
    const what = `${name} ${version}`;
    const state = states.get(name);
    if (error !== undefined) {
      verdicts.push(warning(what, `could not be loaded: ${error}`, 'load it by hand from this folder and look'));
    } else if (state === 'active') verdicts.push(ok(what, 'measured'));
    else if (state === 'refused') {
      verdicts.push(
        failure(what, 'not measured: this version is not known', 'update gaugeway, or use a tested version'),
      );
    } else {
      verdicts.push(failure(what, 'loaded, and its hook saw nothing', 'report it with your version of Node'));
    }
  }
  if (probe.libraries.length === 0) {
    verdicts.push(
      warning(
        'libraries',
        'none that has a hook is installed here',
        'call the doctor in the folder of your application',
      ),
    );
  }
  return verdicts;
}

/** A hook's state is a word, or a record with one. */
function stateOf(state: unknown): unknown {
  return typeof state === 'object' && state !== null ? (state as { state?: unknown }).state : state;
}

async function runProbe(environment: NodeJS.ProcessEnv): Promise<HookProbe | string> {
  const script = `import { probeHooks } from ${JSON.stringify(PROBE)}; await probeHooks((name) => import(name));`;
  const child = spawn(process.execPath, ['--import', REGISTER, '--input-type=module', '--eval', script], {
    env: { ...environment, OTEL_METRICS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none', OTEL_CONFIG_FILE: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const [output, complaint] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  try {
    return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as HookProbe;
  } catch {
    return complaint.trim().split('\n').at(-1) || 'the process ended without a word';
  }
}
