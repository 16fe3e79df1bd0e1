/** What the AI SDK calls a provider (`google.vertex.chat`), by its beginning, and what the GenAI convention calls it. */
const PROVIDERS: readonly (readonly [begins: string, name: string, operation?: string])[] = [
  ['openai', 'openai'],
  ['azure', 'azure.ai.openai'],
  ['anthropic', 'anthropic'],
  ['google.vertex', 'gcp.vertex_ai', 'generate_content'],
  ['vertex', 'gcp.vertex_ai'],
  ['google', 'gcp.gemini', 'generate_content'],
  ['amazon-bedrock', 'aws.bedrock'],
  ['bedrock', 'aws.bedrock'],
  ['mistral', 'mistral_ai'],
  ['moonshotai', 'moonshot_ai'],
  ['xai', 'x_ai'],
  ['gateway', 'vercel_ai_gateway'],
];

/** A name of a provider's own: as the convention writes them. */
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Names the provider of a model for the time until the wire has seen who is asked, which it may never. */
export function providerOf(provider: unknown): { readonly provider: string; readonly operation: string } {
  if (typeof provider !== 'string') return { provider: 'custom', operation: 'chat' };
  for (const [begins, name, operation = 'chat'] of PROVIDERS) {
    if (provider === begins || provider.startsWith(`${begins}.`)) return { provider: name, operation };
  }
  const [own = ''] = provider.split('.');
  return { provider: NAME.test(own) ? own.replaceAll('-', '_').toLowerCase() : 'custom', operation: 'chat' };
}
