import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startCollector } from './index.ts';
import { findBinary, SERVERS } from './install.mjs';

const INSTALL = fileURLToPath(new URL('./install.mjs', import.meta.url));

/** An empty cache and a PATH with nothing but what a test puts there. */
describe.skipIf(process.platform === 'win32')('on a machine without the servers', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gaugeway-install-'));
    vi.stubEnv('GAUGEWAY_CACHE', join(folder, 'cache'));
    vi.stubEnv('PATH', folder);
    for (const program of ['OTELCOL', 'PROMETHEUS', 'PROMTOOL', 'ALERTMANAGER', 'AMTOOL', 'JAEGER']) {
      vi.stubEnv(`${program}_BIN`, '');
    }
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  const addCommand = (name: string, output: string) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\necho '${output}'\n`, { mode: 0o755 });
    return path;
  };

  test('a start names the command that installs it', async () => {
    await expect(startCollector('receivers:\n')).rejects.toThrow('node test/e2e/servers/install.mjs collector');
  });

  test('an installation without Go says how to get it and fails', () => {
    const { status, stderr } = spawnSync(process.execPath, [INSTALL, 'collector'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/Go .* needed[\s\S]*brew install go/);
    expect(stderr).not.toContain('    at ');
  });

  test('an unknown name is refused with the known ones', () => {
    const { status, stderr } = spawnSync(process.execPath, [INSTALL, 'zipkin'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('collector, prometheus, alertmanager, jaeger');
  });

  test('a command of the right version on PATH is used, another is not', () => {
    addCommand('prometheus', 'prometheus, version 3.1.0 (branch: HEAD)');
    expect(findBinary('prometheus', 'prometheus')).toBeUndefined();
    const path = addCommand('prometheus', `prometheus, version ${SERVERS.prometheus.version} (branch: HEAD)`);
    expect(findBinary('prometheus', 'prometheus')).toEqual({ path, from: 'PATH' });
  });

  test('a variable that names no program is an error, not a reason to look elsewhere', () => {
    vi.stubEnv('OTELCOL_BIN', join(folder, 'absent'));
    expect(() => findBinary('collector', 'otelcol')).toThrow('OTELCOL_BIN');
  });
});
