import { createRequire } from 'node:module';
const r = createRequire('/tmp/w/lead/dist/src/register.js');
const p=performance.now(); const {setup}=r('./setup.js'); const q=performance.now(); setup(); const s=performance.now(); console.log('start',p.toFixed(1),'load',(q-p).toFixed(1),'setup',(s-q).toFixed(1)); process.exit(0)
