import type { ReplayProgress } from '../../app/replay/replay.ts';
import { percent } from '../../presentation/format.ts';

const width = 36;

/** A bar that is redrawn on a terminal and printed in tenths elsewhere. */
export function progressBar(out: NodeJS.WriteStream): {
  update(progress: ReplayProgress): void;
  finish(): void;
} {
  let printed = -1;
  let drawnAt = 0;
  return {
    update({ session, done, total }) {
      const share = done / total;
      if (out.isTTY) {
        if (done < total && performance.now() - drawnAt < 100) return;
        drawnAt = performance.now();
        const full = Math.round(share * width);
        out.write(
          `\r${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent(share, 0).padStart(4)}  ${session}`,
        );
      } else if (Math.floor(share * 10) > printed) {
        printed = Math.floor(share * 10);
        out.write(`${percent(printed / 10, 0).padStart(4)}  ${session}\n`);
      }
    },
    finish: () => void out.write(out.isTTY ? '\n\n' : '\n'),
  };
}
