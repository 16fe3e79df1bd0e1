import { writeFileSync } from 'node:fs';
import { renderMonitoring } from './index.ts';
import { configurationPage, metricsPage } from './pages.ts';

const root = new URL('..', import.meta.url);

writeFileSync(new URL('docs/metrics.md', root), metricsPage());
writeFileSync(new URL('docs/configuration.md', root), configurationPage());
for (const { path, text } of renderMonitoring().files) writeFileSync(new URL(path, root), text);
