/** What is said where nothing more can be loaded. */
export const ENGLISH_UNREACHABLE = 'The server cannot be reached. Check your connection and try again.';
