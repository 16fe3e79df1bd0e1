import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { APIS } from '../../instrumentations/wire/apis.ts';
import { HOSTS, providerOfHost, providerOfPath } from '../../instrumentations/wire/providers.ts';
import { catalogue } from '../../src/catalogue/index.ts';
import { models } from '../../src/catalogue/models.ts';
import { settings } from '../../src/options.ts';
import { ERROR_TYPES } from '../../src/recorders/error-types.ts';

const page = readFileSync(new URL('../../docs/model-calls.md', import.meta.url), 'utf8');

/** The rows of a table of this page, by its first heading: the cells of each, and the words that stand in code. */
function rows(heading: string): string[][] {
  const lines = page
    .slice(page.indexOf(`\n| ${heading} `))
    .trimStart()
    .split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) => line.split('|').slice(1, -1));
}

function codes(cell: string | undefined): string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);
}

describe('docs/model-calls.md', () => {
  it('lists every known host with its provider, and no other', () => {
    const listed = rows('Provider  ').flatMap(([provider, hosts]) =>
      codes(hosts)
        .filter((host) => host.includes('.'))
        .map((host) => [codes(provider)[0], host] as const),
    );
    for (const [provider, host] of listed) {
      const real = host.replace(/\*|<region>/, 'eu-1');
      const found = providerOfHost(real);
      const isAzure = found === 'azure';
      expect([host, isAzure ? provider : found]).toEqual([host, provider]);
    }
    expect(providerOfPath('azure', '/openai/v1/chat/completions')).toBe('azure.ai.openai');
    expect(providerOfPath('azure', '/models/chat/completions')).toBe('azure.ai.inference');
    const hosts = listed.map(([, host]) => host);
    expect(Object.keys(HOSTS).filter((host) => !hosts.includes(host))).toEqual([]);
  });

  it('lists every operation', () => {
    const listed = new Set(rows('API  ').flatMap((cells) => codes(cells[2])));
    const known = new Set(Object.values(APIS).flatMap((apis) => apis.map(({ format }) => format.operation)));
    expect([...listed].sort()).toEqual([...known].sort());
  });

  it('lists every error type, and no other', () => {
    const listed = rows('Of  ').flatMap(([, values]) => codes(values));
    expect(listed.sort()).toEqual(Object.values(ERROR_TYPES).flat().sort());
  });

  it('defines every number that is told of model calls', () => {
    const listed = rows('Number  ').flatMap(([names]) => codes(names));
    const told = Object.values(models).map(({ name }) => name);
    for (const name of told.filter((one) => one !== 'gaugeway.model.ratelimit.limit')) expect(listed).toContain(name);
    const known: string[] = Object.values(catalogue).map(({ name }) => name);
    for (const name of listed.filter((one) => !one.startsWith('…'))) expect(known).toContain(name);
  });

  it('names no option and no variable that there is not', () => {
    const variables = new Set(Object.values(settings).flatMap((setting) => setting.variables));
    for (const [name] of page.matchAll(/\b(?:GAUGEWAY|OTEL)_[A-Z_]+\b/g)) expect(variables).toContain(name);
  });
});
