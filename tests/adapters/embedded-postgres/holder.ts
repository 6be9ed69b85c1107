// A process that uses the embedded server until it is told to stop (a line on standard input) or is killed.
// Arguments: data folder, cache folder. Prints one line of JSON when the server is ready, one of text when it has stopped.
import { startEmbedded } from '../../../src/adapters/embedded-postgres/server.ts';

const [dataFolder, cacheFolder] = process.argv.slice(2) as [string, string];
try {
  const server = await startEmbedded({ dataFolder, cacheFolder, log: () => {} });
  console.log(JSON.stringify(server));
  process.stdin.once('data', async () => {
    await server.stop();
    console.log('stopped');
    process.exit(0);
  });
} catch (error) {
  console.log(JSON.stringify({ error: (error as Error).message }));
}
