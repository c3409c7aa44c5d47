import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { anchorsOf, proseOf } from './markdown.js';

const DOCUMENTS = globSync([
  '*.md',
  'docs/**/*.md',
  'packages/*/README.md',
  'bench/*.md',
  'deploy/*.md',
]).sort();

/** The links of a document that stay in the repository: the path from its root, and the anchor if there is one. */
function linksOf(file: string): { link: string; path: string; anchor: string | undefined }[] {
  return [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor] = link.split('#');
      return { link, path: path === '' ? file : normalize(join(dirname(file), path)), anchor };
    });
}

describe('the documents', () => {
  it('are found', () => {
    expect(DOCUMENTS).toEqual(
      expect.arrayContaining(['README.md', 'docs/integrate.md', 'docs/operate.md', 'docs/reference.md']),
    );
  });

  it.each(DOCUMENTS)('%s links only to files and headings that exist', (file) => {
    const broken = linksOf(file).filter(
      ({ path, anchor }) => !existsSync(path) || (anchor !== undefined && !anchorsOf(path).includes(anchor)),
    );
    expect(broken).toEqual([]);
  });

  it.each(DOCUMENTS)('%s has no two headings with the same anchor', (file) => {
    const anchors = anchorsOf(file);
    expect(anchors).toEqual([...new Set(anchors)]);
  });

  it('are all reached from README.md', () => {
    const reached = new Set(['README.md']);
    for (const file of reached)
      for (const { path } of linksOf(file)) if (path.endsWith('.md')) reached.add(path);
    // Decisions are listed by their folder.
    const missed = DOCUMENTS.filter((file) => !reached.has(file) && !file.startsWith('docs/decisions/'));
    expect(missed).toEqual([]);
  });

  it('README.md is short enough to be read: 200 lines at most', () => {
    expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThanOrEqual(200);
  });
});
