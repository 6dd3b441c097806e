/** The built-in responders' tokens: pieces of up to four characters; white space clings to the piece it precedes. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S{1,4}|\s+$/gu) ?? [];
}
