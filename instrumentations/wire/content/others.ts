import type { ContentMessage, ModelContent } from '../../../src/recorders/content.ts';
import type { Draft } from './draft.ts';
import { chatMessage } from './openai-chat.ts';
import { type Loose, list, loose, messageOf, textPart } from './parts.ts';

/** Ollama: messages as OpenAI's, or one prompt. */
export function ollamaInput({ messages, prompt, system }: Loose): Pick<ModelContent, 'system' | 'input'> {
  if (typeof prompt !== 'string') return { input: list(messages).map((message) => chatMessage(loose(message))) };
  const instructions = typeof system === 'string' && system !== '' ? [textPart(system)] : undefined;
  return { system: instructions, input: [messageOf('user', [textPart(prompt)])] };
}

export function ollamaOutput({ message, response, thinking, done_reason: reason }: Loose, draft: Draft): void {
  const said = loose(message);
  draft.text(0, said.thinking ?? thinking, 'reasoning');
  draft.text(0, said.content ?? response);
  for (const call of list(said.tool_calls)) {
    const { name, arguments: given } = loose(loose(call).function);
    draft.tool(0, undefined, { id: loose(call).id, name, arguments: given });
  }
  draft.finish(0, reason);
}

/** Cohere: in its first version one message, and those before it. */
export function cohereInput({
  messages,
  message,
  chat_history: history,
  preamble,
}: Loose): Pick<ModelContent, 'system' | 'input'> {
  if (typeof message !== 'string') return { input: list(messages).map((one) => chatMessage(loose(one))) };
  const before = list(history).map((one): ContentMessage => {
    const { role, message: text } = loose(one);
    const parts = typeof text === 'string' ? [textPart(text)] : [];
    return messageOf(role === 'CHATBOT' ? 'assistant' : typeof role === 'string' ? role.toLowerCase() : role, parts);
  });
  const system = typeof preamble === 'string' ? [textPart(preamble)] : undefined;
  return { system, input: [...before, messageOf('user', [textPart(message)])] };
}

export function cohereOutput(document: Loose, draft: Draft): void {
  const { type, event_type: event, index, text, finish_reason: reason, delta, message } = document;
  if (event === 'text-generation' || (event === undefined && type === undefined)) draft.text(0, text);
  // The last event of the first version repeats the whole answer.
  if (event !== undefined) return draft.finish(0, reason);
  const said = loose(message ?? loose(delta).message);
  const { content, tool_calls: calls, tool_plan: plan } = said;
  draft.text(0, plan, 'reasoning');
  for (const part of Array.isArray(content) ? content : [content]) {
    draft.text(0, loose(part).thinking, 'reasoning');
    draft.text(0, loose(part).text);
  }
  for (const call of Array.isArray(calls) ? calls : calls === undefined ? [] : [calls]) {
    const { id, function: called } = loose(call);
    const { name, arguments: given } = loose(called);
    draft.tool(0, type === undefined ? id : index, { id, name, arguments: given });
  }
  draft.finish(0, reason ?? loose(delta).finish_reason);
}
