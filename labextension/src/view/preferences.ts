/** What the reader's settings say of every view; the plugin sets it, and without the plugin the defaults hold. */

/** Which folds of a sample are open as long as the reader has not opened or closed one. */
export const defaultFolds = { reasoning: false, answer: true };
