import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds wrong with what matches the selector (WCAG 2.2 A and AA, and best practice); of an element, no landmarks. */
export async function faultsOf(page: Page, selector = 'html'): Promise<string[]> {
  await page.evaluate(AXE);
  const options = { runOnly: TAGS, rules: { region: { enabled: selector === 'html' } } };
  const results = await page.evaluate<AxeResults>(
    `axe.run(${JSON.stringify(selector)}, ${JSON.stringify(options)})`,
  );
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
}
