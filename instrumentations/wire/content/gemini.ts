import type { ContentPart, ModelContent } from '../../../src/recorders/content.ts';
import type { Draft } from './draft.ts';
import { type Loose, list, loose, media, messageOf, textPart, toolCall, toolResponse } from './parts.ts';

export function geminiInput(body: Loose): Pick<ModelContent, 'system' | 'input'> {
  const instructions = body.systemInstruction ?? body.system_instruction;
  const contents = Array.isArray(body.contents) ? body.contents : body.contents === undefined ? [] : [body.contents];
  return {
    system: instructions === undefined ? undefined : partsOf(instructions),
    input: contents.map((content) => {
      const { role } = loose(content);
      return messageOf(role === 'model' ? 'assistant' : role, partsOf(content));
    }),
  };
}

function partsOf(content: unknown): ContentPart[] {
  if (typeof content === 'string') return [textPart(content)];
  return list(loose(content).parts).map((part) => {
    const { text, thought, functionCall, functionResponse, inlineData, fileData, ...others } = loose(part);
    if (typeof text === 'string') return thought === true ? { type: 'reasoning', content: text } : textPart(text);
    if (functionCall !== undefined)
      return toolCall(loose(functionCall).id, loose(functionCall).name, loose(functionCall).args);
    if (functionResponse !== undefined) {
      return toolResponse(loose(functionResponse).id ?? loose(functionResponse).name, loose(functionResponse).response);
    }
    if (inlineData !== undefined) return media(modalityOf(inlineData), undefined, loose(inlineData).mimeType);
    if (fileData !== undefined) return media(modalityOf(fileData), loose(fileData).fileUri, loose(fileData).mimeType);
    return { type: Object.keys(others)[0]?.slice(0, 50) ?? 'unknown' };
  });
}

function modalityOf(bytes: unknown): string {
  const { mimeType } = loose(bytes);
  return typeof mimeType === 'string' ? (/^(?:image|audio|video)/.exec(mimeType)?.[0] ?? 'document') : 'unknown';
}

export function geminiOutput({ candidates }: Loose, draft: Draft): void {
  for (const candidate of list(candidates)) {
    const { index, content, finishReason } = loose(candidate);
    for (const part of list(loose(content).parts)) {
      const { text, thought, functionCall } = loose(part);
      draft.text(index, text, thought === true ? 'reasoning' : 'text');
      const { id, name, args } = loose(functionCall);
      if (functionCall !== undefined) draft.tool(index, undefined, { id, name, arguments: args });
    }
    draft.finish(index, finishReason);
  }
}
