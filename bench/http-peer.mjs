// Loaded with --import: @opentelemetry/instrumentation-http under the SDK's own set-up, exporting as gaugeway does.
import { createRequire } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';

new NodeSDK({ instrumentations: [new HttpInstrumentation()] }).start();
// Its hook sees `require`; what it patches is what `import` gives too.
createRequire(import.meta.url)('node:http');
