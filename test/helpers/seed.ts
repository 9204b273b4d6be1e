/**
 * Of what tests draw: the same in every run, so that no change is blamed for what it didn't break. `SEED=…` draws
 * otherwise, the soak anew each time; a test's name or failure says with which.
 */
export const seed = Number(process.env.SEED ?? (process.env.SOAK === '1' ? Date.now() % 1_000_000 : 1));
