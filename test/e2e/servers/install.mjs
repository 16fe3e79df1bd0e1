// Builds the real servers of the end-to-end tests, each once, into a cache outside the tree:
//   node test/e2e/servers/install.mjs [collector] [prometheus] [alertmanager] [jaeger]
// A binary that a variable names, or one of the right version on PATH, is used as it is; nothing is built then.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants as fsConstants, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { constants, homedir, setPriority } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const EXE = process.platform === 'win32' ? '.exe' : '';
const BUILD_LIMIT_MS = 30 * 60_000;
const REPORT_LINES = 40;

/** The versions here are those of the images in docker-compose.yml, so that what ships is what was tested. */
export const SERVERS = {
  collector: {
    version: '0.155.0',
    files: ['builder.yaml', 'go.mod', 'go.sum'],
    binaries: {
      otelcol: { variable: 'OTELCOL_BIN', onPath: ['otelcol-contrib', 'otelcol-gaugeway'], versionArgs: ['--version'] },
    },
    steps: (out) => [
      // The builder would also resolve the modules anew, which fails on modules that only tests of components need
      // and undoes the pinning: it generates the sources, and our go.mod and go.sum compile them.
      go('run', 'go.opentelemetry.io/collector/cmd/builder@v0.155.0', [
        '--config=builder.yaml',
        '--skip-get-modules',
        '--skip-compilation',
      ]),
      go('build', '.', ['-trimpath', '-ldflags=-s -w', '-o', out('otelcol')], 'sources'),
    ],
    // Where the builder writes (dist.output_path), so that the module files lie beside the sources.
    place: { 'builder.yaml': '.', 'go.mod': 'sources', 'go.sum': 'sources' },
  },
  prometheus: {
    version: '3.15.0',
    files: ['tools.go', 'go.mod', 'go.sum'],
    binaries: {
      prometheus: { variable: 'PROMETHEUS_BIN', onPath: ['prometheus'], versionArgs: ['--version'] },
      promtool: { variable: 'PROMTOOL_BIN', onPath: ['promtool'], versionArgs: ['--version'] },
    },
    // Without the tag every cloud's service discovery is linked in, which doubles the time and the size.
    steps: (out) =>
      ['prometheus', 'promtool'].map((command) =>
        go('build', `github.com/prometheus/prometheus/cmd/${command}`, [
          '-trimpath',
          '-tags=remove_all_sd',
          '-ldflags=-s -w -X github.com/prometheus/common/version.Version=3.15.0',
          '-o',
          out(command),
        ]),
      ),
  },
  alertmanager: {
    version: '0.28.1',
    files: ['tools.go', 'go.mod', 'go.sum'],
    binaries: {
      alertmanager: { variable: 'ALERTMANAGER_BIN', onPath: ['alertmanager'], versionArgs: ['--version'] },
      amtool: { variable: 'AMTOOL_BIN', onPath: ['amtool'], versionArgs: ['--version'] },
    },
    steps: (out) =>
      ['alertmanager', 'amtool'].map((command) =>
        go('build', `github.com/prometheus/alertmanager/cmd/${command}`, [
          '-trimpath',
          '-ldflags=-s -w -X github.com/prometheus/common/version.Version=0.28.1',
          '-o',
          out(command),
        ]),
      ),
  },
  jaeger: {
    version: '2.13.0',
    files: ['tools.go', 'go.mod', 'go.sum'],
    binaries: {
      jaeger: { variable: 'JAEGER_BIN', onPath: ['jaeger'], versionArgs: ['version'] },
    },
    steps: (out) => [
      go('build', 'github.com/jaegertracing/jaeger/cmd/jaeger', [
        '-trimpath',
        '-ldflags=-s -w -X github.com/jaegertracing/jaeger/internal/version.latestVersion=v2.13.0',
        '-o',
        out('jaeger'),
      ]),
    ],
  },
};

function go(verb, target, args, cwd = '.') {
  // `go run` takes the program's arguments after the package, `go build` its own before it.
  return { cwd, args: verb === 'run' ? ['run', target, ...args] : ['build', ...args, target] };
}

function cacheFolder(name) {
  const { files, steps } = SERVERS[name];
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  hash.update(JSON.stringify(steps((binary) => binary)));
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(FOLDER, name, file)));
  const root = process.env.GAUGEWAY_CACHE || join(homedir(), '.cache', 'gaugeway');
  return resolve(root, 'servers', `${name}-${hash.digest('hex').slice(0, 16)}`);
}

function isExecutable(path) {
  try {
    accessSync(path, fsConstants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasVersion(path, args, version) {
  const { stdout = '', stderr = '' } = spawnSync(path, args, { encoding: 'utf8', timeout: 10_000 });
  return new RegExp(`(^|[^0-9.])${version.replaceAll('.', '\\.')}([^0-9.]|$)`, 'm').test(`${stdout}\n${stderr}`);
}

/** Where a binary is and how it came there, or `undefined` when it has to be built first. */
export function findBinary(name, binary) {
  const { version, binaries } = SERVERS[name];
  const { variable, onPath, versionArgs } = binaries[binary];
  const named = process.env[variable];
  if (named) {
    if (!isExecutable(named)) throw new Error(`${variable}=${named} is not an executable file`);
    return { path: resolve(named), from: variable };
  }
  // The cache before PATH: asking a binary for its version costs up to a second at every start.
  const cached = join(cacheFolder(name), binary + EXE);
  if (isExecutable(cached)) return { path: cached, from: 'cached' };
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    for (const command of onPath) {
      const path = join(folder, command + EXE);
      if (isExecutable(path) && hasVersion(path, versionArgs, version)) return { path, from: 'PATH' };
    }
  }
  return undefined;
}

function requireGo() {
  const { error, stdout } = spawnSync('go', ['version'], { encoding: 'utf8', timeout: 60_000 });
  if (!error) return stdout.trim();
  throw new Error(
    'Go 1.26 or newer is needed to build the servers of the end-to-end tests, and `go` is not on PATH.\n' +
      'Install it with `brew install go`, `apt-get install golang-go` (where it is new enough) or from https://go.dev/doc/install,\n' +
      'or name released binaries with OTELCOL_BIN, PROMETHEUS_BIN, PROMTOOL_BIN, ALERTMANAGER_BIN, AMTOOL_BIN and JAEGER_BIN.',
  );
}

function run(command, { cwd, args }) {
  return new Promise((done, fail) => {
    const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' };
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: BUILD_LIMIT_MS });
    let output = '';
    const keepTail = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', keepTail);
    child.stderr.on('data', keepTail);
    child.on('error', fail);
    child.on('close', (code, signal) => {
      if (code === 0) return done();
      const tail = output.trimEnd().split('\n').slice(-REPORT_LINES).join('\n');
      fail(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}:\n${tail}`));
    });
  });
}

async function build(name) {
  const { files, steps, place = {} } = SERVERS[name];
  const target = cacheFolder(name);
  await mkdir(join(target, '..'), { recursive: true });
  const work = await mkdtemp(`${target}.building-`);
  try {
    for (const file of files) {
      const folder = join(work, 'module', place[file] ?? '.');
      await mkdir(folder, { recursive: true });
      await copyFile(join(FOLDER, name, file), join(folder, file));
    }
    const finished = join(work, 'finished');
    await mkdir(finished);
    for (const { cwd, args } of steps((binary) => join(finished, binary + EXE))) {
      await run('go', { cwd: join(work, 'module', cwd), args });
    }
    // A rename is atomic: nobody ever sees half a server. If another build was first, its result is as good.
    await rename(finished, target).catch((error) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'EPERM') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Makes sure that every binary of a server is there. */
export async function install(name) {
  const binaries = Object.keys(SERVERS[name].binaries);
  const missing = binaries.some((binary) => findBinary(name, binary) === undefined);
  if (missing) {
    requireGo();
    process.stderr.write(`${name}: building, some minutes the first time\n`);
    await build(name);
  }
  return binaries.map((binary) => {
    const found = findBinary(name, binary);
    if (!found) throw new Error(`${name}: ${binary} is still missing after the build`);
    return { binary, path: found.path, from: missing && found.from === 'cached' ? 'built' : found.from };
  });
}

async function main(names) {
  const unknown = names.filter((name) => !(name in SERVERS));
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(', ')}. Known: ${Object.keys(SERVERS).join(', ')}`);
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  for (const name of names.length > 0 ? names : Object.keys(SERVERS)) {
    const start = performance.now();
    const found = await install(name);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${name} ${found.map(({ path, from }) => `${path} ${from}`).join(', ')} ${seconds} s`);
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
