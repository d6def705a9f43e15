/** Each mistake in a definition is answered with where it is, what was found, what was expected, and what to do. */
import { describe, expect, it } from 'vitest';
import { DefinitionError, readDefinition } from '../../shared/definition/read.ts';
import { type MistakenDefinition, mistakes } from './definitions.ts';

/** What the reader says; fails when it takes the definition. */
function refusalOf({ yaml, file = 'models/late.yml' }: MistakenDefinition): DefinitionError {
  try {
    readDefinition(yaml, file);
  } catch (error) {
    if (error instanceof DefinitionError) return error;
    throw error;
  }
  throw new Error('the definition was taken');
}

describe('a definition in which', () => {
  it.each(mistakes.map((row) => [row.name, row] as const))('%s is refused with a fix', (_, row) => {
    const { message, problems } = refusalOf(row);

    const { file = 'models/late.yml', line, found, expected, fix } = row;
    expect(problems).toContainEqual(
      expect.objectContaining({ file, line, found, expected: expect.stringContaining(expected), fix }),
    );
    expect(message).toContain(`${file}:${line}:`);
    expect(message).toContain(`found ${found}, expected `);
    // A line that a person reads to its end.
    for (const told of message.split('\n')) expect(told).toMatch(/(?:; fix: .{5,}|\?)$/);
  });

  it('has at least 40 mistakes', () => {
    expect(mistakes.length).toBeGreaterThanOrEqual(40);
    expect(new Set(mistakes.map(({ name }) => name)).size).toBe(mistakes.length);
  });
});
