interface Page {
  readonly page: number;
  readonly limit: number;
  readonly total: number;
  /** Seconds since the epoch. */
  readonly createdBefore: number;
}

interface Link {
  readonly href: string;
}

/** The links of one page; `href` is empty past either end of the list. */
export interface PageLinks {
  readonly first: Link;
  readonly last: Link;
  readonly next: Link;
  readonly previous: Link;
  readonly self: Link;
}

/**
 * Absolute links from one page of a list to the others; past either end they lead nowhere (an empty `href`). `url` is
 * that of the list, `asked` the one asked for, of which all other parameters are kept.
 */
export function pageLinks(
  url: string,
  asked: string,
  { page, limit, total, createdBefore }: Page,
): PageLinks {
  const last = Math.max(1, Math.ceil(total / limit));
  const search = new URLSearchParams(asked.replace(/^[^?]*/, ''));
  const to = (number: number): Link => {
    if (number < 1 || number > last) return { href: '' };
    const parameters = new URLSearchParams(search);
    parameters.set('page', String(number));
    parameters.set('limit', String(limit));
    parameters.set('created_before', String(createdBefore));
    return { href: `${url}?${parameters.toString()}` };
  };
  const previous = to(Math.min(page - 1, last));
  const self = search.size > 0 ? `${url}?${search.toString()}` : url;
  return { first: to(1), last: to(last), next: to(page + 1), previous, self: { href: self } };
}
