// A training process whose backend cannot be loaded.
process.send!({ type: 'error', job: null, message: 'no backend here' }, () => process.exit(1));
