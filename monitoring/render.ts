import { writeFileSync } from 'node:fs';
import { configurationPage, metricsPage } from './pages.ts';

const root = new URL('..', import.meta.url);

writeFileSync(new URL('docs/metrics.md', root), metricsPage());
writeFileSync(new URL('docs/configuration.md', root), configurationPage());
