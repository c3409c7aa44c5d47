import { readFileSync } from 'node:fs';

/** A fenced block of a document: what stands behind the fence, such as `sh no-run`, and the text. */
export interface Block {
  readonly info: string;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

/** The fenced blocks of a document, those in lists too, without the indentation of their fence. */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string; indent: number; line: number; lines: string[] } | null = null;
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((line, index) => {
      const [, indent = '', info] = /^( *)```(.*)$/.exec(line) ?? [];
      if (info === undefined) return open?.lines.push(line.slice(open.indent));
      if (open === null) return (open = { info, indent: indent.length, line: index + 1, lines: [] });
      blocks.push({ info: open.info, text: open.lines.join('\n'), line: open.line });
      open = null;
    });
  return blocks;
}

/** A document without its fenced blocks. */
export const proseOf = (file: string): string =>
  readFileSync(file, 'utf8').replace(/^( *)```[^]*?^\1```$/gm, '');

/** The text of the chapter that a heading opens, up to the next heading of its level or above. */
export function chapterOf(file: string, heading: string): string {
  const [, rest] = proseOf(file).split(`\n${heading}\n`);
  if (rest === undefined) throw new Error(`${file} has no heading "${heading}"`);
  const level = /^#+/.exec(heading)![0].length;
  return rest.split(new RegExp(`^#{1,${level}} `, 'm'))[0]!;
}

/** The rows of the first table of a text, without its head: the cells, trimmed. */
export const tableOf = (text: string): string[][] =>
  /^\|.*\n(?:\|.*(?:\n|$))*/m
    .exec(text)![0]
    .trim()
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );

/** What stands between backticks in a text. */
export const codesIn = (text: string): string[] =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);

/** The anchors of a document's headings, as GitHub makes them; no document has two headings of one text. */
export const anchorsOf = (file: string): string[] =>
  [...proseOf(file).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
