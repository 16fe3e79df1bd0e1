const { stdout } = process;

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

/** A picture that is drawn over and over on the terminal's second page. */
export interface Screen {
  draw(lines: readonly string[]): void;
  /** Gives the terminal back as it was, cursor included; closing twice is harmless. */
  close(): void;
}

export function openScreen(): Screen {
  let isOpen = true;
  stdout.write(ENTER);
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    stdout.write(LEAVE);
  };
  // However the process ends, the terminal is the user's again.
  process.once('exit', close);
  return {
    draw(lines) {
      if (!isOpen) return;
      const shown = lines.slice(0, stdout.rows).map((line) => `${line}\u001b[K`);
      stdout.write(`\u001b[H${shown.join('\r\n')}\u001b[J`);
    },
    close,
  };
}
