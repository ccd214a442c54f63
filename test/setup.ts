import fc from 'fast-check';

// the same cases in every run: a failure is found by whoever caused it, and can be run again
fc.configureGlobal({ seed: 20260101 });
