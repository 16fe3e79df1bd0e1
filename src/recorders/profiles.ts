/** A generation of the GenAI convention's names. */
export type GenAiProfile = 'v1.41' | 'latest';

let profiles: readonly GenAiProfile[] = ['v1.41'];

/** The generations that are written now; spans and metrics read the same switch. */
export function genAiProfiles(): readonly GenAiProfile[] {
  return profiles;
}

export function useGenAiProfiles(chosen: readonly GenAiProfile[]): void {
  profiles = chosen;
}
