/** What is said where nothing more can be loaded; apart from the other sentences, which are loaded later. */
export const ENGLISH_UNREACHABLE = 'The server cannot be reached. Check your connection and try again.';
