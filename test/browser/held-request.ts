import type { Page } from 'playwright-core';

/** A request that is on its way and stays there. */
export interface HeldRequest {
  /** Resolves once the request is held. */
  readonly held: Promise<void>;
  /** Lets the request, or its answer, go on. */
  release(): void;
}

/**
 * Holds the page's next request to `url`, a glob; later ones pass. `request` holds it before the server sees it,
 * `answer` after the server has answered it.
 */
export async function holdNext(page: Page, url: string, what: 'request' | 'answer'): Promise<HeldRequest> {
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isNext = true;
  // Not `times: 1`: Playwright lets a request go on as soon as its route has expired.
  await page.route(url, async (route) => {
    if (!isNext) return route.fallback();
    isNext = false;
    const response = what === 'answer' ? await route.fetch() : undefined;
    held.resolve();
    await released.promise;
    if (response) await route.fulfill({ response });
    else await route.continue();
  });
  return { held: held.promise, release: () => released.resolve() };
}
