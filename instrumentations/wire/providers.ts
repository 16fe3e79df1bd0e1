/** Hosts of providers; the names are those of the GenAI convention where it has one. */
export const HOSTS: Readonly<Record<string, string>> = {
  'api.openai.com': 'openai',
  'api.anthropic.com': 'anthropic',
  'generativelanguage.googleapis.com': 'gcp.gemini',
  'aiplatform.googleapis.com': 'gcp.vertex_ai',
  'models.inference.ai.azure.com': 'azure.ai.inference',
  'models.github.ai': 'azure.ai.inference',
  'api.mistral.ai': 'mistral_ai',
  'codestral.mistral.ai': 'mistral_ai',
  'api.cohere.com': 'cohere',
  'api.cohere.ai': 'cohere',
  'api.groq.com': 'groq',
  'api.deepseek.com': 'deepseek',
  'api.x.ai': 'x_ai',
  'api.perplexity.ai': 'perplexity',
  'api.moonshot.ai': 'moonshot_ai',
  'api.moonshot.cn': 'moonshot_ai',
  'ollama.com': 'ollama',
  'api.together.xyz': 'together_ai',
  'api.together.ai': 'together_ai',
  'openrouter.ai': 'openrouter',
  'api.fireworks.ai': 'fireworks_ai',
  'api.cerebras.ai': 'cerebras',
  'api.deepinfra.com': 'deepinfra',
  'api.sambanova.ai': 'sambanova',
  'api.hyperbolic.xyz': 'hyperbolic',
  'api.novita.ai': 'novita_ai',
  'api.studio.nebius.com': 'nebius',
  'api.tokenfactory.nebius.com': 'nebius',
  'inference.baseten.co': 'baseten',
  'integrate.api.nvidia.com': 'nvidia',
  'router.huggingface.co': 'hugging_face',
  'api.z.ai': 'z_ai',
  'open.bigmodel.cn': 'z_ai',
  'api.minimax.io': 'minimax',
  'dashscope.aliyuncs.com': 'alibaba_cloud',
  'dashscope-intl.aliyuncs.com': 'alibaba_cloud',
  'api.ai21.com': 'ai21',
  'api.voyageai.com': 'voyage_ai',
  'api.jina.ai': 'jina_ai',
  'ai-gateway.vercel.sh': 'vercel_ai_gateway',
  'gateway.ai.cloudflare.com': 'cloudflare_ai_gateway',
  'api.cloudflare.com': 'cloudflare_workers_ai',
  'api.portkey.ai': 'portkey',
};

/** Azure serves OpenAI's models and everybody else's on the same hosts: the path tells which. */
const AZURE = 'azure';

/** Providers whose hosts hold a region or the customer's name. */
const HOST_PATTERNS: readonly (readonly [pattern: RegExp, provider: string])[] = [
  [/\.openai\.azure\.(?:com|us|cn)$/, 'azure.ai.openai'],
  [/\.(?:services\.ai|cognitiveservices)\.azure\.(?:com|us|cn)$/, AZURE],
  [/\.(?:models|inference)\.ai\.azure\.com$/, 'azure.ai.inference'],
  [/-aiplatform\.googleapis\.com$/, 'gcp.vertex_ai'],
  [/^aiplatform\.[\w-]+\.rep\.googleapis\.com$/, 'gcp.vertex_ai'],
  [/^bedrock-(?:runtime|mantle)(?:-fips)?\.[\w-]+\.(?:amazonaws\.com|amazonaws\.com\.cn|api\.aws)$/, 'aws.bedrock'],
  [/^[\w-]+\.api\.openai\.com$/, 'openai'],
  [/^[\w-]+\.api\.x\.ai$/, 'x_ai'],
];

/** The provider behind a host, as far as the host tells. */
export function providerOfHost(host: string): string | undefined {
  if (Object.hasOwn(HOSTS, host)) return HOSTS[host];
  return HOST_PATTERNS.find(([pattern]) => pattern.test(host))?.[1];
}

/** The provider behind a host that was told, once the path is known. */
export function providerOfPath(provider: string | undefined, pathname: string): string | undefined {
  if (provider !== AZURE) return provider;
  return pathname.includes('/openai/') ? 'azure.ai.openai' : 'azure.ai.inference';
}
