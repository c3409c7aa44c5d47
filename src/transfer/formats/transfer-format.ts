/** What `keyway import` reads: our own format, and the two exports of Passage. Apart, so that help loads no reader. */
export const TRANSFER_FORMATS = ['jsonl', 'passage-users-csv', 'passage-devices-json'] as const;
/** One of {@link TRANSFER_FORMATS}. */
export type TransferFormat = (typeof TRANSFER_FORMATS)[number];
